"""The data of a configuration: read, split, selected and fingerprinted before anything heavy is imported."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build, build_framed, build_frames
from rmexp.config.identity.values import leaves
from rmexp.data.kept import KeptData, index_file, read_once
from rmexp.data.leaks import checked_for_leaks
from rmexp.data.loaded import LoadedData
from rmexp.data.loading import SplitRule
from rmexp.data.selection import Selection, read_difficulty, selected
from rmexp.data.split import with_splits
from rmexp.phases import Phase, phase
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference, Record, fingerprint
from rmexp.sources.rows import Format
from rmexp.stored_records import stored
from rmexp.sweeps.cell_stamp import file_state, named_files


def load_data(node: DictConfig) -> LoadedData:
    """Read a data set as its source gives it, whole.

    Args:
        node: of the data group.
    """
    *_, selection = build_frames("data", node)
    selects = frozenset(field.name for part in (SplitRule, Selection) for field in fields(part))

    def read() -> KeptData:
        records = _read(node)[0].records
        return KeptData(records, _fingerprint(records), {})

    return _loaded(node, read_once(partial(_index, node, "whole", selects), read, partial(_format, node)))._replace(
        selection=selection
    )


def used_split(data: LoadedData, name: str | None, key: str) -> Sequence[Record]:
    """The records of one split or candidate set, of the last one that is for evaluation where none is named.

    Args:
        data: whole, as `load_data` gives it.
        name: of the split or set; None chooses.
        key: of the configuration that names it, for messages.

    Raises:
        ValueError: there is no such split.
    """
    sets: dict[str, Sequence[Record]] = data.records.sets()
    if name is not None:
        if name not in sets:
            raise ValueError(f"data={data.name} has no split `{name}`, it has {', '.join(sets)} (set {key})")
        return sets[name]
    splits = list(data.records.splits) or list(sets)
    return sets[next((split for split in reversed(splits) if split != "train"), "train")]


class RunData(NamedTuple):
    """What a run learns from, and what its model is tested on besides.

    Attributes:
        data: with a training and a validation split, of the pairs that are to be used.
        tests: further data sets by name, each with the one split that is tested on.
    """

    data: LoadedData
    tests: Mapping[str, LoadedData]


def load_run_data(node: DictConfig, tests: DictConfig) -> RunData:
    """Read a data set that is learnt from, and those that its model is tested on.

    A set that nothing is trained on is taken whole where it comes without splits. Where it is the data of the run
    itself, it is what this does not learn from.

    Args:
        node: of the data group.
        tests: nodes of the data group by name.

    Raises:
        ValueError: a set has no pairs, or is trained on throughout.
    """
    whole = {str(name): _test_data(test) for name, test in tests.items()}
    state = _state(node, whole)
    if state in _LAST:
        return _LAST[state]
    unlearnt = dict[str, LoadedData]()
    if whole:
        learnt, unlearnt = _read_learnt(node, whole)
    else:
        learnt = read_once(partial(_index, node, "learnt"), lambda: _read_learnt(node, {})[0], partial(_format, node))
    *_, selection = build_frames("data", node)
    _LAST.clear()  # one is enough for cells that differ in something else, and data may be large
    _LAST[state] = RunData(_loaded(node, learnt)._replace(bins=_bins(selection)), unlearnt)
    return _LAST[state]


def _read_learnt(node: DictConfig, tests: Mapping[str, LoadedData]) -> tuple[KeptData, dict[str, LoadedData]]:
    """What a run learns from and validates with, and what of the tests it does not learn."""
    data, selection = _read(node)
    records = with_splits(data.records, data.split_rule, data.name)
    unlearnt = {name: _unlearnt(name, test, records) for name, test in tests.items()}
    others = {name: stored(chain.from_iterable(test.records.splits.values())) for name, test in unlearnt.items()}
    with phase(Phase.LEAKS, f"training prompts of {data.name} in what is held out"):
        records, leaks = checked_for_leaks(records, selection, others)
    records = selected(records, selection)
    return KeptData(records, _fingerprint(records), leaks), unlearnt


_LAST: dict[str, RunData] = {}  # by its state: cells of a multirun in one process read the same data once


def _state(node: DictConfig, tests: Mapping[str, LoadedData]) -> str:
    """Everything that decides what is read: the configuration, the files that it names, the other data sets."""
    content = leaves(OmegaConf.to_container(node, resolve=True))
    files = {str(path.resolve()): file_state(path) for path in named_files(content)}
    return json.dumps([content, files, {name: test.fingerprint for name, test in tests.items()}], default=str)


def _test_data(node: DictConfig) -> LoadedData:
    """A data set with the one split that is tested on: `test`, or `val`, or all of it, or what is not for training."""
    data, selection = _read(node)
    records = data.records
    if not records.splits:
        what = "demonstrations" if records.demonstrations else "lists"
        raise ValueError(f"a model is tested on pairs, but data={data.name} has {what} (set tests.*)")
    last = next((split for split in reversed(list(records.splits)) if split != "train"), "train")
    name = next((split for split in ("test", "val", "all") if split in records.splits), last)
    whole = replace(selection, train_pairs=None, label_noise=0.0)
    records = selected(replace(records, splits={name: records.splits[name]}, candidates={}), whole)
    return _used(data, records, selection)


def _unlearnt(name: str, test: LoadedData, learnt: PreferenceData) -> LoadedData:
    """A test set, or, where all its pairs are of the data that is learnt from, those that are not in its `train`."""
    ((split, pairs),) = test.records.splits.items()
    keys = [_key(pair) for pair in pairs]
    if not set(keys) <= {_key(pair) for part in learnt.splits.values() for pair in part}:
        return test
    trained = {_key(pair) for pair in learnt.splits.get("train", ())}
    left = stored(pairs).of([key not in trained for key in keys])
    if len(left) == len(pairs):
        return test
    if not left:
        raise ValueError(f"all pairs of the split `{split}` of tests.{name} are trained on (set tests.{name} or data)")
    records = replace(test.records, splits={"val": left})
    return test._replace(records=records, fingerprint=_fingerprint(records))


def _key(pair: Preference) -> int:
    """What a pair is known by, whatever its label."""
    return hash((pair.prompt, pair.chosen, pair.rejected))


def _read(node: DictConfig) -> tuple[LoadedData, Selection]:
    """A data set as its source gives it, and what is to be selected of it."""
    with phase(Phase.READING, _what(node)):
        records, named, limits, batching, split_rule, selection = build_framed("data", node)
    return LoadedData(records, named.name, limits, batching, split_rule, fingerprint=""), selection


def _loaded(node: DictConfig, kept: KeptData) -> LoadedData:
    """What was read, with what the configuration says of it."""
    named, limits, batching, split_rule, _ = build_frames("data", node)
    return LoadedData(
        kept.records, named.name, limits, batching, split_rule, fingerprint=kept.fingerprint, leaks=kept.leaks
    )


def _index(node: DictConfig, what: str, without: frozenset[str] = frozenset()) -> Path | None:
    """Where what was read of a data set is kept; see `index_file`."""
    with phase(Phase.READING, _what(node)):
        content = OmegaConf.to_container(node, resolve=True)
        assert isinstance(content, dict)
        return index_file({str(key): value for key, value in content.items()}, what, without)


def _format(node: DictConfig) -> Format | None:
    """What the lines of a data set's files mean; None where they are not in UTF-8."""
    form: Format | None = build(node.format) if node.encoding in (None, "utf-8") else None
    return form


def _what(node: DictConfig) -> str:
    return str(node.get("path") or node.name)


def _used(data: LoadedData, records: PreferenceData, selection: Selection) -> LoadedData:
    return data._replace(records=records, fingerprint=_fingerprint(records), bins=_bins(selection))


def _bins(selection: Selection) -> Mapping[str, str] | None:
    return None if selection.difficulty is None else read_difficulty(Path(selection.difficulty))


def _fingerprint(data: PreferenceData) -> str:
    return fingerprint(record for group in data.sets().values() for record in group)
