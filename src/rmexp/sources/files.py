"""Preference data of your own: local files of any kind and format, one file or one per split."""

from itertools import chain
from typing import Annotated

from rmexp.hardware.side_by_side import hands
from rmexp.lines import Bounds
from rmexp.preference_data import PreferenceData
from rmexp.sources.file_names import named_files
from rmexp.sources.file_rows import file_rows
from rmexp.sources.ranges.line_ranges import line_ranges
from rmexp.sources.reading import Reading
from rmexp.sources.rows import Format


def files(
    *,
    path: str | list[str] | None,
    val_path: str | list[str] | None,
    test_path: str | list[str] | None,
    encoding: str,
    delimiter: str | None,
    format: Format,
    on_bad_row: str,
    max_bad_share: Annotated[float, "in [0, 1]"],
    max_row_mb: Annotated[float, "> 0"] | None,
    max_unpacking: Annotated[float, "at least 1"] | None,
) -> PreferenceData:
    """Read preference pairs.

    Args:
        path: file, of a kind that its suffix tells, pattern of files, or list of these; split by hash where there is
            no `val_path`. None where there is nothing but a test split.
        val_path: of the validation split.
        test_path: of a test split.
        encoding: of text files, such as `utf-8`, `utf-16` or `latin-1`.
        delimiter: between the fields of `.csv` and `.tsv` files: a sign, or its name; None finds out.
        format: what a row means.
        on_bad_row: `error` stops at the first malformed row; `skip` leaves such rows out and counts them.
        max_bad_share: share of a file's rows, in [0, 1], that may be left out; more stop the run.
        max_row_mb: megabytes of a line of a text file, or of blank lines one after the other; None for any.
        max_unpacking: how many times its size a compressed file may unpack to; None for any.

    Raises:
        ValueError: a file does not exist, is damaged, has no usable row or too many bad ones; or a row is malformed
            and `on_bad_row` is `error`; the message names file, line and field.
    """
    bounds = Bounds(max_row_mb, max_unpacking)
    reading = Reading(on_bad_row=on_bad_row, max_bad_share=max_bad_share)
    named = {"train" if val_path else "all": (path, "path"), "val": (val_path, "val_path")}
    named["test"] = (test_path, "test_path")
    splits = {}
    for split, (value, key) in named.items():
        if value is None:
            continue
        found = named_files(value, f"data.{key}")
        name = ", ".join(map(str, found))
        several = hands() > 1 and getattr(format, "by_row", False)
        if several and (ranges := line_ranges(found, encoding)):
            splits[split] = reading.records_of_ranges(name, ranges, format, encoding, bounds)
            continue
        rows = (
            file_rows(file, key=f"data.{key}", encoding=encoding, delimiter=delimiter, bounds=bounds) for file in found
        )
        splits[split] = reading.records(name, chain.from_iterable(rows), format)
    if not splits:
        raise ValueError("expected at least one file, got none (set data.path or data.test_path)")
    return PreferenceData(splits, bad_rows=tuple(reading.bad_rows))
