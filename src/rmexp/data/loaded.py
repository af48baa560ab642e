"""A data set that was read: its records, what is to be made of them, and what became of them."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from rmexp.data.loading import Batching, Limits, SplitRule
from rmexp.data.selection import Selection
from rmexp.jsonl import write_rows
from rmexp.preference_data import PreferenceData


class LoadedData(NamedTuple):
    """What a node of the data group stands for."""

    records: PreferenceData
    name: str  # of the data set, for folders and reports
    limits: Limits  # what is read of them
    batching: Batching
    split_rule: SplitRule
    fingerprint: str  # of all of them
    bins: Mapping[str, str] | None = None  # difficulty of each record by id, where data.difficulty tells it
    leaks: Mapping[str, Any] = MappingProxyType({})  # account of the leak check; empty when none was asked for
    selection: Selection | None = None  # of data that is whole: what would be selected of it


def write_bad_rows(data: PreferenceData, folder: Path, *tests: PreferenceData) -> None:
    """Leave `bad_rows.jsonl` in a run folder when rows were left out, of the data or of what its model is tested on."""
    rows = [asdict(row) for part in (data, *tests) for row in part.bad_rows]
    if rows:
        write_rows(folder / "bad_rows.jsonl", rows)
