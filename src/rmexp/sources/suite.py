"""Public benchmarks of reward models, from the hub or from local files in their own format, with their aggregate."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

from rmexp.preference_data import Aggregate, PreferenceData
from rmexp.sources.file_rows import file_rows
from rmexp.sources.hub import hub_rows, open_hub
from rmexp.sources.reading import Reading
from rmexp.sources.rows import Format, Row

FOLDER = "folder"  # column that says where in a folder of files a row stands


def suite(
    *,
    path: str,
    revision: str | None,
    files: str,
    splits: dict[str, str],
    format: Format,
    aggregate: Aggregate,
    on_bad_row: str,
    max_bad_share: Annotated[float, "in [0, 1]"],
) -> PreferenceData:
    """Read a benchmark.

    Args:
        path: id on the hub, or a local file, or a folder of files.
        revision: commit, tag or branch on the hub; the commit it stands for is told and recorded.
        files: pattern of the files of a local folder, such as `**/dataset.json`.
        splits: name here and there of each split of the hub. A local file belongs to the one split there is; where
            there are several, to the one whose name there its own name holds, or to `test` where it holds none.
        format: what a row means.
        aggregate: what the benchmark itself makes of scores.
        on_bad_row: as for `files`.
        max_bad_share: as for `files`.

    Raises:
        ValueError: there is no such data, or rows are bad, as for `files` and `hub`.
    """
    reading = Reading(on_bad_row=on_bad_row, max_bad_share=max_bad_share)
    named, origins = _local(path, files, splits), tuple[str, ...]()
    if named is None:
        opened, origin = open_hub(path, revision, None, None)
        named = {name: hub_rows(f"{origin}:{there}", opened, there) for name, there in splits.items()}
        origins = (origin,)
    found = {name: reading.all_records(f"{path}:{name}", rows, format) for name, rows in named.items()}
    return PreferenceData(
        {name: pairs for name, (pairs, _) in found.items() if pairs},
        {name: lists for name, (_, lists) in found.items() if lists},
        bad_rows=tuple(reading.bad_rows),
        origins=origins,
        aggregate=aggregate,
    )


def _local(path: str, files: str, splits: Mapping[str, str]) -> Mapping[str, Iterable[Row]] | None:
    """The rows of local data by split; None where the path is none."""
    place = Path(path)
    if place.is_file():
        return {_split_of(place.name, splits): file_rows(place, key="data.path")}
    if not place.is_dir():
        return None
    found = sorted(file for file in place.glob(files) if file.is_file())
    if not found:
        raise ValueError(f"{path}: expected files that match {files}, but there are none (set data.path or data.files)")
    groups: dict[str, list[Path]] = {}
    for file in found:
        groups.setdefault(_split_of(file.relative_to(place).as_posix(), splits), []).append(file)
    return {name: _of_files(place, groups[name]) for name in dict.fromkeys([*splits, "test"]) if name in groups}


def _split_of(file: str, splits: Mapping[str, str]) -> str:
    """Split that a file of local data belongs to."""
    if len(splits) == 1:
        return "test"
    named = [name for name, there in splits.items() if there in file]
    if len(named) > 1:
        raise ValueError(
            f"{file}: expected a name with one of {', '.join(splits.values())}, got several (set data.files)"
        )
    return named[0] if named else "test"


def _of_files(root: Path, files: Iterable[Path]) -> Iterator[Row]:
    for file in files:
        folder = file.parent.relative_to(root).as_posix()
        for row in file_rows(file, key="data.path"):
            yield row._replace(content={FOLDER: folder, **row.content}) if row.error is None else row
