"""Files of prompts with any number of responses: as candidates to be scored, or as demonstrations to be learnt."""

from pathlib import Path

from rmexp.jsonl import BadRow
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, put
from rmexp.sources.file_rows import file_rows
from rmexp.sources.formats.one_response import with_responses
from rmexp.sources.rows import Row
from rmexp.stored_records import StoredRecords, stored

_LAYOUT = "; expected `prompt` with `responses`, a list, or with a `response`, or `messages` (set {})"


def candidates(*, path: str, encoding: str) -> PreferenceData:
    """Candidates to be scored, picked from or filtered.

    Args:
        path: file of `Candidates` rows, of a kind that its suffix tells.
        encoding: of a text file, such as `utf-8`, `utf-16` or `latin-1`.
    """
    return PreferenceData({}, candidates={"candidates": read_candidates(Path(path), encoding=encoding)})


def demonstrations(*, path: str, val_path: str | None, encoding: str) -> PreferenceData:
    """Prompts with responses that a language model should learn to give.

    Args:
        path: file of rows with a `prompt` and a `response`, or a list of `responses`, all of which are learnt, or of
            another layout that `with_responses` knows.
        val_path: file of the validation split; None splits `path` by prompt.
        encoding: of text files, such as `utf-8`, `utf-16` or `latin-1`.
    """
    given = read_candidates(Path(path), encoding=encoding)
    if val_path is None:
        return PreferenceData({}, demonstrations={"all": given})
    val = read_candidates(Path(val_path), key="data.val_path", encoding=encoding)
    return PreferenceData({}, demonstrations={"train": given, "val": val})


def read_candidates(path: Path, *, key: str = "data.path", encoding: str | None = None) -> StoredRecords[Candidates]:
    """The records of a file.

    Args:
        path: of the file.
        key: of the configuration that names it, for messages.
        encoding: as `data.encoding` has it; None where no key says it and the file must be UTF-8.

    Raises:
        ValueError: a row is no record, the message names file and line; there is no such file, or no row in it.
    """
    records = stored(_record_of(row, key) for row in file_rows(path, key=key, encoding=encoding))
    if not records:
        raise ValueError(f"{path}: expected prompts with responses, but the file has no rows (set {key})")
    return records


def _record_of(row: Row, key: str) -> Candidates:
    layout = ""
    try:
        if row.error is not None:
            raise row.error
        content = with_responses(row.content)
        layout = "" if {"prompt", "responses"} <= {*content} else _LAYOUT.format(key)
        record = Candidates.from_row(content)
    except BadRow:
        raise
    except ValueError as error:
        raise ValueError(f"{row.place}: {error}{layout}") from error
    put(record, row.place)
    return record
