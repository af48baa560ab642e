"""Large data sets that were read before, kept beside the encoded data: a next run neither reads nor compares them.

An index says which records each split has, what was left out, which training pairs leak, and what was said of all that.
Its name is a hash of all that decides it: the configuration, the content of the files, the program. Records of plain
JSON lines are made of their lines again, see `kept_lines`; of others there is a compressed copy, see `kept_copy`. The
index ends with a checksum, the copy is named by one.
"""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

import rmexp
from rmexp.checked_arrays import Damaged, read_arrays, write_arrays
from rmexp.data.kept.cleaning import clean
from rmexp.data.kept.copy import KeptCopy, keep_copy
from rmexp.data.kept.lines import KeptLines, Lines, lines_of
from rmexp.data.loading import Batching, Limits
from rmexp.preference_data import PreferenceData, SkippedRow
from rmexp.record_file import RecordFile
from rmexp.sources.file_names import named_files
from rmexp.sources.rows import Format
from rmexp.stored_records import Labels, RecordStore, StoredRecords, labels_of, texts_digest

log = logging.getLogger(__name__)

_SOURCE = "rmexp.sources.files.files"  # that reads nothing but files here
_FILES = ("path", "val_path", "test_path")  # keys that name them, also by a pattern
_FURTHER = ("leaks_against", "difficulty")  # keys that name others by their paths alone
_WITHOUT = {field.name for part in (Limits, Batching) for field in fields(part)}  # keys that concern what comes later
_SETS = ("splits", "candidates", "demonstrations")


class KeptData(NamedTuple):
    """What reading a data set came to.

    Attributes:
        records: in their splits.
        fingerprint: of all of them.
        leaks: account of the leak check; empty when none was asked for.
    """

    records: PreferenceData
    fingerprint: str
    leaks: Mapping[str, Any]


def index_file(content: Mapping[str, Any], what: str, without: frozenset[str] = frozenset()) -> Path | None:
    """Where a data set is kept once it has been read; None for one that is not.

    Args:
        content: of its node of the configuration.
        what: is kept of it.
        without: further keys that do not decide it.
    """
    folder = content.get("cache_dir")
    if folder is None or content.get("_target_") != _SOURCE or not all(map(_is_own, _targets(content))):
        return None
    decides = {key: value for key, value in content.items() if key not in without | _WITHOUT}
    digest = sha256(json.dumps([what, sys.version, decides], sort_keys=True, default=str).encode())
    for path in sorted(Path(rmexp.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    for path in _named(decides):
        if not path.is_file():
            return None  # reading it says what is wrong
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        digest.update(f"{path} {path.stat().st_size}\n".encode())
    return Path(folder) / f"{digest.hexdigest()[:32]}.index"


def read_once(
    index_of: Callable[[], Path | None], read: Callable[[], KeptData], form_of: Callable[[], Format | None]
) -> KeptData:
    """What reading a data set came to: as it is kept, or read and, where it is large, kept.

    Args:
        index_of: tells the index, see `index_file`; None keeps nothing.
        read: reads it.
        form_of: tells what the lines of its files mean; None where they cannot be read by themselves.
    """
    index = index_of()
    if index is None:
        return read()
    found = _found(index, form_of)
    if found is None:
        with _Said() as said:
            found = read()
        files = _files(found.records)
        if files and all(file.large for file in files) and index_of() == index:  # not if it changed meanwhile
            _keep(index, found, files, said.lines, form_of())
    return found


def _keep(
    index: Path, data: KeptData, files: list[RecordFile], said: list[tuple[str, int, str]], form: Format | None
) -> None:
    arrays: dict[str, NDArray[Any]] = {}
    about: dict[str, Any] = {"files": [], "sets": {kind: {} for kind in _SETS}}
    for number, file in enumerate(files):
        lines = None if form is None or data.records.bad_rows else lines_of(file, form)
        if lines is None:
            name, arrays[f"ends {number}"] = keep_copy(file, index.parent)
            about["files"].append({"copy": name, "records": len(file)})
        else:
            arrays |= lines.arrays(f"lines {number}")
            about["files"].append({"paths": lines.paths, "firsts": lines.firsts})
    for kind, name, records in _sets(data.records):
        at, groups = files.index(cast(RecordFile, records.file)), [*records.clusters]
        about["sets"][kind][name] = at, texts_digest(records), groups
        arrays |= {f"clusters {place} {kind} {name}": records.clusters[each] for place, each in enumerate(groups)}
        arrays[f"{kind} {name}"] = records.numbers
        if kind == "splits":
            arrays |= {f"{key} {name}": column for key, column in labels_of(records)._asdict().items()}
    about["bad_rows"] = [asdict(row) for row in data.records.bad_rows]
    about |= {"fingerprint": data.fingerprint, "leaks": data.leaks, "said": said}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    write_arrays(index, arrays)
    clean(index.parent)


def _found(index: Path, form_of: Callable[[], Format | None]) -> KeptData | None:
    """What an index and its copies of records keep; None where there is none, or a damaged one, which is said."""
    if not index.is_file():
        return None
    try:
        arrays = read_arrays(index)
        about = json.loads(arrays["about"].tobytes())
        files = [_file(index, number, file, arrays, form_of) for number, file in enumerate(about["files"])]
    except (Damaged, OSError) as error:
        log.warning("%s; its data set is read again", error)
        return None
    sets: dict[str, dict[str, StoredRecords[Any]]] = {kind: {} for kind in _SETS}
    for kind, kept in about["sets"].items():
        for name, (at, texts, groups) in kept.items():
            labels = Labels(arrays[f"target {name}"], arrays[f"margin {name}"]) if kind == "splits" else None
            found = sets[kind][name] = StoredRecords(files[at], arrays[f"{kind} {name}"], texts, labels)
            found.clusters |= {each: arrays[f"clusters {place} {kind} {name}"] for place, each in enumerate(groups)}
    records = PreferenceData(
        splits=sets["splits"],
        candidates=sets["candidates"],
        bad_rows=tuple(SkippedRow(**row) for row in about["bad_rows"]),
        demonstrations=sets["demonstrations"],
    )
    with suppress(OSError):  # of a folder that only others may write to
        os.utime(index)
    for name, level, line in about["said"]:
        logging.getLogger(name).log(level, "%s", line)
    return KeptData(records, about["fingerprint"], about["leaks"])


def _file(
    index: Path,
    number: int,
    about: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    form_of: Callable[[], Format | None],
) -> RecordStore:
    """Where the records of one file lie."""
    if "copy" in about:
        return KeptCopy(index.parent / about["copy"], about["records"], arrays[f"ends {number}"])
    form = form_of()
    assert form is not None
    return KeptLines(Lines.of(about["paths"], about["firsts"], f"lines {number}", arrays), form)


def _files(data: PreferenceData) -> list[RecordFile]:
    """The files that the records lie in; none where some are in no file, or something else cannot be kept."""
    if data.aggregate is not None or data.origins or data.parts:
        return []
    if not all(isinstance(records, StoredRecords) for records in data.sets().values()):
        return []
    files = list(dict.fromkeys(records.file for _, _, records in _sets(data)))
    return cast(list[RecordFile], files) if all(isinstance(file, RecordFile) for file in files) else []


def _sets(data: PreferenceData) -> Iterator[tuple[str, str, StoredRecords[Any]]]:
    for kind in _SETS:
        for name, records in getattr(data, kind).items():
            yield kind, name, cast(StoredRecords[Any], records)


def _named(content: Mapping[str, Any]) -> Iterator[Path]:
    """The files that a node names."""
    for key in _FILES:
        if content.get(key):
            yield from named_files(content[key], f"data.{key}")
    for key in _FURTHER:
        named = content.get(key) or []
        yield from map(Path, [named] if isinstance(named, str) else named)


def _targets(content: Any) -> Iterator[str]:
    """Every `_target_` in plain data, however deep."""
    if isinstance(content, Mapping):
        yield from (value for key, value in content.items() if key == "_target_")
        content = list(content.values())
    if isinstance(content, list):
        for item in content:
            yield from _targets(item)


def _is_own(target: str) -> bool:
    """Whether its code is of this program, and so decides the name of the index."""
    return target.startswith("rmexp.")


class _Said(logging.Handler):
    """Lines of the log, for as long as it is entered, but for those that say what is being done."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, int, str]] = []

    def __enter__(self) -> "_Said":
        logging.getLogger("rmexp").addHandler(self)
        return self

    def __exit__(self, *error: object) -> None:
        logging.getLogger("rmexp").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        if record.name != "rmexp.phases":
            self.lines.append((record.name, record.levelno, record.getMessage()))
