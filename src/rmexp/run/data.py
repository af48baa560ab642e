"""The data of a configuration: read, split and fingerprinted before anything heavy is imported."""

from typing import NamedTuple

from omegaconf import DictConfig

from rmexp.config.build import build_framed
from rmexp.data.loading import Loading
from rmexp.data.split import with_splits
from rmexp.records import PreferenceData, fingerprint


class LoadedData(NamedTuple):
    """Records, how they are to be batched, and the fingerprint of all of them."""

    records: PreferenceData
    loading: Loading
    fingerprint: str


def load_data(config: DictConfig) -> LoadedData:
    """Read the data set of a configuration as its source gives it."""
    records, loading = build_framed("data", config.data)
    everything = (record for group in records.sets().values() for record in group)
    return LoadedData(records, loading, fingerprint(everything))


def load_split_data(config: DictConfig) -> LoadedData:
    """Read the data set of a configuration, with a training and a validation split."""
    data = load_data(config)
    return data._replace(records=with_splits(data.records, data.loading))
