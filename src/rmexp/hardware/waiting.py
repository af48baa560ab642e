"""How threads that compute together wait for each other, which is to be said before torch is loaded."""

import os

TRIES = "1000"  # some 20 microseconds, about what it costs to be woken


def wait_asleep() -> None:
    """Let threads look a short while for the others, then sleep until they are woken.

    OpenMP of GNU, which torch comes with on Linux, has them look for milliseconds. Where more programs run than there
    are processors, they take that time from the thread that they wait for, at each of thousands of operations a second.
    What the environment says already (OMP_WAIT_POLICY, GOMP_SPINCOUNT) stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", TRIES)
