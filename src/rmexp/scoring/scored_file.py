"""Scored files: the one hand-over from models to analysis, with a manifest that says what they are."""

from collections.abc import Sequence
from pathlib import Path

from rmexp.data.described import fingerprint
from rmexp.durable import write_json
from rmexp.jsonl import BadRow, JsonObject, parse_row, write_rows
from rmexp.left_files import read_json
from rmexp.lines import read_lines
from rmexp.records import Record, Scored
from rmexp.scored import ResponseCounts
from rmexp.stored_records import stored


def write_scored(
    path: Path,
    scored: Sequence[Scored],
    records: Sequence[Record],
    scorer: JsonObject,
    *,
    log_odds: bool | None = None,
) -> None:
    """Write `path`, and beside it a manifest that tells scorer and data.

    Args:
        path: of the `.jsonl` file; the manifest is `<name>.manifest.json`.
        scored: one row a record, in the records' order.
        records: what was scored.
        scorer: name and fingerprint of the scorer, and whatever else defines it.
        log_odds: whether the difference of two scores is the log-odds of the first response; None where nobody
            knows, and the manifest says nothing of it.
    """
    counts = ResponseCounts()
    manifest_path(path).unlink(missing_ok=True)  # what it says is not of the rows to come
    write_rows(path, (row.to_row() for row in counts.counting(scored)))
    manifest = {
        "scorer": scorer,
        **({} if log_odds is None else {"log_odds": log_odds}),
        "data": fingerprint(records),
        "records": counts.records,
        "responses": counts.responses,
        "truncated": counts.truncated,
        **({"unscored": counts.unscored} if counts.unscored else {}),
    }
    write_json(manifest_path(path), manifest)


def read_scored(path: Path) -> tuple[Sequence[Scored], JsonObject]:
    """The rows and the manifest of a scored file.

    Raises:
        BadRow: a row is not a scored record.
        ValueError: the manifest is missing or counts other rows.
    """
    found = (_row(path, number, line) for number, line in read_lines(path))
    rows = stored(found)
    if not manifest_path(path).is_file():
        raise ValueError(f"{path}: its manifest {manifest_path(path).name} is missing; score the records again")
    manifest: JsonObject = read_json(manifest_path(path))
    if manifest.get("records") != len(rows):
        told = manifest.get("records", "nothing of them")
        raise ValueError(f"{path} has {len(rows)} rows, but its manifest says {told}; score again")
    return rows, manifest


def _row(path: Path, number: int, line: bytes) -> Scored:
    try:
        return Scored.from_row(parse_row(path, number, line))
    except (ValueError, TypeError) as error:
        raise error if isinstance(error, BadRow) else BadRow(path, number, str(error)) from error


def manifest_path(path: Path) -> Path:
    """Where the manifest of a scored file lies."""
    return path.with_name(f"{path.name.removesuffix('.jsonl')}.manifest.json")
