"""`python -m rmexp` is `rmexp`."""

import sys

from rmexp.cli import main

sys.exit(main())
