"""The further fields that records bring, and what each of them can be used for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rmexp.data.normalised import text_key
from rmexp.jsonl import describe
from rmexp.records import Preference, prompt_text

MOST_SLICES = 50  # values from which a field has too many to be read slice by slice
_EXAMPLES = 3
_NOTHING = object()
_KINDS = {bool: "true or false", int: "number", float: "number", str: "text", list: "list", tuple: "list"}


@dataclass(frozen=True, slots=True)
class MetaField:
    """One field of the records' `meta`.

    Attributes:
        path: as data.group and slices take it, such as `meta.topic`.
        rows: that have it, null not counted.
        kind: `text`, `number`, `true or false`, `list`, or `mixed`.
        values: distinct ones; None of lists.
        examples: the commonest of them; none of lists.
        uses: keys of the configuration that it can be given to: `data.group`, where each prompt lies in one of several
            values; `slices`, where there are few; `strength`, where it is a number; none of them where a row lacks it.
    """

    path: str
    rows: int
    kind: str
    values: int | None
    examples: tuple[str, ...]
    uses: tuple[str, ...]


@dataclass(slots=True)
class _Seen:
    rows: int = 0
    kinds: set[str] = field(default_factory=set)
    values: Counter[Any] = field(default_factory=Counter)
    of_prompt: list[object] = field(default_factory=list)  # the value that each prompt was first seen with
    parts_prompts: bool = False


def meta_fields(records: Sequence[Preference]) -> tuple[MetaField, ...]:
    """Every field that some record has, those that most of them have first.

    >>> records = [Preference(f"p{i}", "a", "b", meta={"topic": "xy"[i % 2], "votes": i}) for i in range(4)]
    >>> [(found.path, found.values, found.uses) for found in meta_fields(records)]
    [('meta.topic', 2, ('data.group', 'slices')), ('meta.votes', 4, ('slices', 'strength'))]
    """
    keys = np.fromiter((text_key(prompt_text(record.prompt)) for record in records), np.uint64, len(records))
    prompts, prompt = np.unique(keys, return_inverse=True)
    seen: dict[str, _Seen] = {}
    for record, number in zip(records, prompt.tolist(), strict=True):
        for path, value in _leaves(record.meta, "meta"):
            if path not in seen:
                seen[path] = _Seen(of_prompt=[_NOTHING] * len(prompts))
            _add(seen[path], number, value)
    found = [_field(path, one, len(records), len(prompts)) for path, one in seen.items()]
    return tuple(sorted(found, key=lambda one: -one.rows))


def _leaves(node: Mapping[str, object], path: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}.{key}")
        elif value is not None:
            yield f"{path}.{key}", value


def _add(seen: _Seen, prompt: int, value: Any) -> None:
    kind = _KINDS.get(type(value), "mixed")
    seen.rows += 1
    seen.kinds.add(kind)
    if kind != "list":
        seen.values[value] += 1
        if seen.of_prompt[prompt] is _NOTHING:
            seen.of_prompt[prompt] = value
        seen.parts_prompts |= seen.of_prompt[prompt] != value


def _field(path: str, seen: _Seen, records: int, prompts: int) -> MetaField:
    kind = next(iter(seen.kinds)) if len(seen.kinds) == 1 else "mixed"
    distinct = len(seen.values)
    several = seen.rows == records and kind not in ("list", "mixed") and distinct > 1
    uses = {
        "data.group": several and not seen.parts_prompts and distinct < prompts,
        "slices": several and distinct <= MOST_SLICES,
        "strength": several and kind == "number",
    }
    examples = tuple(describe(value) for value, _ in seen.values.most_common(_EXAMPLES))
    values = None if "list" in seen.kinds else distinct
    return MetaField(path, seen.rows, kind, values, examples, tuple(key for key, fits in uses.items() if fits))
