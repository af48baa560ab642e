"""How difficult records are, as a profile of them tells it."""

from pathlib import Path

from rmexp.jsonl import parse_row
from rmexp.lines import read_lines


def read_difficulty(file: str | None) -> dict[str, str] | None:
    """The difficulty bin of each record by its id, from what `rmexp profile` wrote.

    Args:
        file: that data.difficulty names; None tells nothing.

    Raises:
        ValueError: the file does not exist, or a line has no `id` and `bin`.
    """
    if file is None:
        return None
    path, bins = Path(file), dict[str, str]()
    for number, line in read_lines(path, key="data.difficulty"):
        row = parse_row(path, number, line)
        if not isinstance(row.get("id"), str) or not isinstance(row.get("bin"), str):
            raise ValueError(f"{path}:{number}: expected an `id` and a `bin`, both strings (set data.difficulty)")
        bins[row["id"]] = row["bin"]
    return bins
