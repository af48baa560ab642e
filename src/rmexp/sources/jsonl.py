"""Preference records of your own: JSON lines, plain or compressed, one file or one per split."""

from pathlib import Path

from rmexp.jsonl import BadRow, parse_row, read_lines
from rmexp.records import EmptyText, IdenticalSides, Preference, PreferenceData, SkippedRow


def jsonl(*, path: str, val_path: str | None, test_path: str | None, on_bad_row: str) -> PreferenceData:
    """Read preference pairs.

    Args:
        path: `.jsonl`, `.jsonl.gz` or `.jsonl.xz` file; split by hash where there is no `val_path`.
        val_path: file of the validation split.
        test_path: file of a test split.
        on_bad_row: `error` stops at the first malformed row; `skip` leaves such rows out and counts them.

    Raises:
        BadRow: a row is malformed and `on_bad_row` is `error`; the message names file, line and field.
        ValueError: a file does not exist, is damaged, or has no usable row.
    """
    if on_bad_row not in ("error", "skip"):
        raise ValueError(f"data.on_bad_row must be error or skip, got {on_bad_row}")
    files = {"train" if val_path else "all": path, "val": val_path, "test": test_path}
    splits: dict[str, tuple[Preference, ...]] = {}
    bad_rows: tuple[SkippedRow, ...] = ()
    for split, file in files.items():
        if file is not None:
            splits[split], bad = read_preferences(Path(file), skip_bad=on_bad_row == "skip")
            bad_rows += bad
    return PreferenceData(splits, bad_rows=bad_rows)


def read_preferences(path: Path, *, skip_bad: bool) -> tuple[tuple[Preference, ...], tuple[SkippedRow, ...]]:
    """The records of one file in its order, and the malformed rows left out."""
    records: list[Preference] = []
    bad_rows: list[SkippedRow] = []
    for number, line in read_lines(path):
        try:
            records.append(_preference(path, number, line))
        except BadRow as error:
            if not skip_bad:
                raise
            bad_rows.append(
                SkippedRow(str(path), number, _kind(error), str(error.__cause__ or error), repr(line[:200]))
            )
    if not records:
        found = f"{len(bad_rows)} malformed rows and no other" if bad_rows else "no rows"
        raise ValueError(f"{path}: expected preference records, one JSON object a line, but the file has {found}")
    return tuple(records), tuple(bad_rows)


def _preference(path: Path, number: int, line: bytes) -> Preference:
    row = parse_row(path, number, line)
    try:
        return Preference.from_row(row)
    except ValueError as error:
        hint = "data.on_bad_row=skip leaves such rows out and counts them"
        raise BadRow(path, number, f"{error} ({hint})") from error


def _kind(error: BadRow) -> str:
    kinds = {EmptyText: "empty", IdenticalSides: "identical"}
    return next((kind for cause, kind in kinds.items() if isinstance(error.__cause__, cause)), "malformed")
