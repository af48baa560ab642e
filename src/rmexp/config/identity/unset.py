"""Values that whoever reads them may know better: what `${unset:VALUE}` in the options stands for.

It is the value, until somebody sets another. A verb can tell that nobody has.
"""

from typing import Any

RESOLVER = "unset"
UNSET_LIMIT = f"${{{RESOLVER}:512}}"  # of data.max_tokens, see conf/data/_loading.yaml


def unset(value: Any) -> Any:
    """The resolver of the interpolation: the value itself."""
    return value
