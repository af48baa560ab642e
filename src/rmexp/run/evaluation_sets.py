"""What `rmexp evaluate` looks at: splits of pairs and lists of responses, and the scores of each scorer on them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig

from rmexp.config.build import build
from rmexp.data.loading import Loading
from rmexp.data.selection import read_difficulty
from rmexp.data.split import with_splits
from rmexp.preference_data import Aggregate
from rmexp.records import Candidates, Preference, Record
from rmexp.run.data import LoadedData, load_data
from rmexp.scoring.store import ScoredSet, score_into

ScoredSets = Mapping[str, Sequence[tuple[dict[str, Any], ScoredSet]]]  # by scorer: what it is, its scores of each set


class EvaluationSet(NamedTuple):
    """Records to be scored.

    Attributes:
        data: name of the data set: its own, or its key below `tests`.
        split: name of the split, or of the set of lists.
        records: pairs, or lists with the worth of their responses.
        loading: limits of their data set.
        bins: difficulty of each pair by id; None where nobody has measured it.
        aggregate: what a public benchmark itself makes of the scores; None for other data.
    """

    data: str
    split: str
    records: Sequence[Record]
    loading: Loading
    bins: Mapping[str, str] | None
    aggregate: Aggregate | None = None

    @property
    def pairs(self) -> list[Preference]:
        """The records, when they are pairs; else none."""
        return [record for record in self.records if isinstance(record, Preference)]

    @property
    def lists(self) -> list[Candidates]:
        """The records, when they are lists; else none."""
        return [record for record in self.records if isinstance(record, Candidates)]


def loaded_data(config: DictConfig) -> dict[str, LoadedData]:
    """The data sets of a configuration by the names that tables give them.

    Raises:
        ValueError: two of them have the same name.
    """
    first = load_data(config.data)
    data = {first.loading.name: first}
    for name in map(str, config.tests):
        if name in data:
            raise ValueError(f"two data sets are called {name}; give the one in tests another name (set tests.*)")
        data[name] = load_data(config.tests[name])
    return data


def evaluation_sets(data: Mapping[str, LoadedData], splits: Sequence[str]) -> list[EvaluationSet]:
    """What is evaluated of the data sets.

    Args:
        data: by name.
        splits: names of those wanted; when empty all but `train`, or `train` where there is nothing else, and all sets
            of lists whose worth is known. Where `train` or `val` is named, pairs of the first data set that come
            unsplit are split as a training on them splits them.

    Raises:
        ValueError: there is nothing to evaluate, or no such split.
    """
    data = dict(data)
    name, first = next(iter(data.items()))
    if {"train", "val"} & set(splits) and "all" in first.records.splits:
        data[name] = first._replace(records=with_splits(first.records, first.loading))
    found = [one for name, loaded in data.items() for one in _of_one(name, loaded)]
    there = list(dict.fromkeys(one.split for one in found))
    unknown = [name for name in splits if name not in there]
    if unknown or not found:
        has = ", ".join(there) or "neither pairs nor lists with the worth of their responses (`gold`)"
        raise ValueError(
            f"expected the splits {', '.join(unknown) or 'of a data set'}, but there are {has} (set splits)"
        )
    return [one for one in found if one.split in splits or (not splits and not _only_for_training(one, found))]


def scored_sets(config: DictConfig, sets: Sequence[EvaluationSet], folder: Path) -> ScoredSets:
    """Score every set with every scorer of the configuration, one scorer at a time.

    Returns:
        For each scorer, by the name that tables give it, what it says of itself and its scores of each set.

    Raises:
        ValueError: two scorers have the same name.
    """
    result: dict[str, list[tuple[dict[str, Any], ScoredSet]]] = {}
    for key, node in _scorer_nodes(config):
        scorer, limits, done = None, None, list[tuple[dict[str, Any], ScoredSet]]()
        for one in sets:
            if scorer is None or not (scorer.stored or limits == _limits(one.loading)):
                named = {} if key is None else {"name": key}
                scorer = build(node, loading=one.loading.without_dropping(), threads=config.threads, **named)()
                limits = _limits(one.loading)
            if not done and scorer.name in result:
                raise ValueError(f"two scorers are called {scorer.name} (set scorer.name, or another key of scorers)")
            path = folder / _file(scorer.name) / f"{_file(one.data)}-{_file(one.split)}.jsonl"
            done.append((scorer.describe(), score_into(path, scorer, one.records, shard_records=config.shard_records)))
        assert scorer is not None
        result[scorer.name] = done
    return result


def _of_one(name: str, loaded: LoadedData) -> Iterator[EvaluationSet]:
    assert loaded.selection is not None
    difficulty = loaded.selection.difficulty
    bins = None if difficulty is None else read_difficulty(Path(difficulty))
    for split, records in loaded.records.splits.items():
        if records:
            yield EvaluationSet(name, split, records, loaded.loading, bins, loaded.records.aggregate)
    for split, lists in loaded.records.candidates.items():
        if lists and all(record.gold is not None for record in lists):
            yield EvaluationSet(name, split, lists, loaded.loading, None, loaded.records.aggregate)


def _only_for_training(one: EvaluationSet, sets: Sequence[EvaluationSet]) -> bool:
    return one.split == "train" and any(other.data == one.data and other.split != "train" for other in sets)


def _scorer_nodes(config: DictConfig) -> list[tuple[str | None, DictConfig]]:
    return [(None, config.scorer), *((str(key), config.scorers[key]) for key in config.scorers)]


def _limits(loading: Loading) -> Loading:
    """What of a data set's keys a scorer looks at."""
    return replace(loading, name="", batch_by=None, val_fraction=0.5, group=None, split_seed=0)


def _file(name: str) -> str:
    return "".join(character if character.isalnum() or character in "._-" else "_" for character in name)
