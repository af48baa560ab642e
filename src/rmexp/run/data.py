"""The data of a configuration: read, split, selected and fingerprinted before anything heavy is imported."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig

from rmexp.config.build import build_framed
from rmexp.data.loading import Loading
from rmexp.data.selection import read_difficulty, selected
from rmexp.data.split import with_splits
from rmexp.jsonl import write_rows
from rmexp.records import PreferenceData, fingerprint


class LoadedData(NamedTuple):
    """What a node of the data group stands for."""

    records: PreferenceData
    loading: Loading  # how they are to be batched
    fingerprint: str  # of all of them
    bins: Mapping[str, str] | None = None  # difficulty of each record by id, where data.difficulty tells it


def load_data(node: DictConfig) -> LoadedData:
    """Read a data set as its source gives it, whole.

    Args:
        node: of the data group.
    """
    records, loading, _ = build_framed("data", node)
    return LoadedData(records, loading, _fingerprint(records))


def load_split_data(node: DictConfig) -> LoadedData:
    """Read a data set with a training and a validation split, and of its pairs those that are to be used.

    Args:
        node: of the data group.
    """
    records, loading, selection = build_framed("data", node)
    records = selected(with_splits(records, loading), selection)
    bins = None if selection.difficulty is None else read_difficulty(Path(selection.difficulty))
    return LoadedData(records, loading, _fingerprint(records), bins)


def write_bad_rows(data: PreferenceData, folder: Path) -> None:
    """Leave `bad_rows.jsonl` in a run folder when rows were left out."""
    if data.bad_rows:
        write_rows(folder / "bad_rows.jsonl", (asdict(row) for row in data.bad_rows))


def _fingerprint(data: PreferenceData) -> str:
    return fingerprint(record for group in data.sets().values() for record in group)
