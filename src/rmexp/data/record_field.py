"""The value of a record's field by its dotted path, as configurations name it."""

from collections.abc import Mapping, Sequence
from typing import Any

from rmexp.records import Record


def record_field(record: Record, path: str, key: str) -> Any:
    """What a record holds in `id`, `target`, `margin`, or anywhere in `meta`.

    Args:
        record: a pair or candidates.
        path: such as `meta.topic`.
        key: of the configuration that names the field, for messages.

    Raises:
        ValueError: the record does not have it.

    >>> from rmexp.records import Preference
    >>> record_field(Preference("p", "a", "b", meta={"topic": {"name": "maps"}}), "meta.topic.name", "data.group")
    'maps'
    """
    value: Any = {"meta": record.meta, **{name: getattr(record, name, None) for name in ("id", "target", "margin")}}
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            has = ", ".join(f"meta.{name}" for name in record.meta) or "no meta fields"
            column = path.partition(".")[2].partition(".")[0] if record.place and path.startswith("meta.") else ""
            remedy = f"; data.format.meta=[{column}] keeps a column" if column else ""
            raise ValueError(
                f"{record.place or f'record {record.id}'} has no field {path}; it has {has} (set {key}{remedy})"
            )
        value = value[part]
    return value


def has_field(records: Sequence[Record], path: str) -> bool:
    """Whether any of the records has the field.

    >>> from rmexp.records import Preference
    >>> has_field([Preference("p", "a", "b", meta={"topic": "maps"})], "meta.side")
    False
    """
    for record in records:
        try:
            record_field(record, path, "")
        except ValueError:
            continue
        return True
    return False
