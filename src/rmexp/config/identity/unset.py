"""Values that whoever reads them may know better: what `${unset:VALUE}` in the options stands for.

It is the value, until somebody sets another. A verb can tell that nobody has.
"""

import re
from collections.abc import Mapping
from typing import Any

RESOLVER = "unset"
UNSET_LIMIT = f"${{{RESOLVER}:512}}"  # of data.max_tokens, see conf/data/_loading.yaml
_UNSET = re.compile(rf"\$\{{{RESOLVER}:(\d+)\}}")


def unset(value: Any) -> Any:
    """The resolver of the interpolation: the value itself."""
    return value


def with_unset(values: Mapping[str, object]) -> dict[str, object]:
    """Values by dotted path of a run that is bound, with those that nobody has set as what they were then.

    >>> with_unset({"data.max_tokens": "${unset:512}", "data.name": "${unset}"})
    {'data.max_tokens': 512, 'data.name': '${unset}'}
    """
    return {key: int(found[1]) if (found := _found(value)) else value for key, value in values.items()}


def _found(value: Any) -> re.Match[str] | None:
    return _UNSET.fullmatch(value) if isinstance(value, str) else None
