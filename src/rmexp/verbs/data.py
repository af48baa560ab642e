"""The data of a configuration: read, split, selected and fingerprinted before anything heavy is imported."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build, framed
from rmexp.data.described import fingerprint
from rmexp.data.difficulty import read_difficulty
from rmexp.data.kept.index import KeptData, index_file, read_once
from rmexp.data.learnt import learnt_of
from rmexp.data.loaded import LoadedData
from rmexp.data.loading import SplitRule
from rmexp.data.selection import Selection, selected
from rmexp.phases import Phase, phase
from rmexp.preference_data import PreferenceData, checked_data
from rmexp.records import Record
from rmexp.sources.rows import Format
from rmexp.sweeps.cell_stamp import file_states


@dataclass(frozen=True)
class _Asked:
    """A data set as a node of the data group asks for it.

    Attributes:
        node: that asks.
        content: of the node, as plain data.
        source: reads it.
        loaded: all but its records.
        selection: what is to be selected of it.
    """

    node: DictConfig
    content: dict[str, Any]
    source: Callable[[], PreferenceData]
    loaded: LoadedData
    selection: Selection

    def read(self) -> PreferenceData:
        """Its records as its source gives them."""
        with self._reading():
            return checked_data(self.source(), str(self.content["_target_"]))

    def index(self, what: str, without: frozenset[str] = frozenset()) -> Path | None:
        """Where what was read of it is kept; see `index_file`."""
        with self._reading():
            return index_file(self.content, what, without)

    def form(self) -> Format | None:
        """What the lines of its files mean; None where they are not in UTF-8."""
        form: Format | None = build(self.node.format) if self.node.encoding in (None, "utf-8") else None
        return form

    def of(self, kept: KeptData) -> LoadedData:
        """What was read, with what the node says of it."""
        return self.loaded._replace(records=kept.records, fingerprint=kept.fingerprint, leaks=kept.leaks)

    def _reading(self) -> AbstractContextManager[None]:
        return phase(Phase.READING, str(self.content.get("path") or self.content["name"]))


def _asked_to_judge(node: DictConfig, key: str) -> _Asked:
    """A data set that nothing is learnt from.

    Raises:
        ValueError: it is asked for with a key of training pairs.
    """
    asked = _asked(node)
    for name in ("train_pairs", "label_noise"):
        if value := getattr(asked.selection, name):
            raise ValueError(
                f"{key}.{name}={value} is for pairs that are learnt from, but those of data={asked.loaded.name} are "
                f"judged (leave {key}.{name} out)"
            )
    return asked


def _asked(node: DictConfig) -> _Asked:
    source, named, limits, batching, split_rule, selection = framed("data", node)
    content = OmegaConf.to_container(node, resolve=True)
    assert isinstance(content, dict)
    loaded = LoadedData(PreferenceData({}), named.name, limits, batching, split_rule, fingerprint="")
    return _Asked(node, {str(key): value for key, value in content.items()}, source, loaded, selection)


def load_data(node: DictConfig) -> LoadedData:
    """Read a data set as its source gives it, whole.

    Args:
        node: of the data group.
    """
    asked = _asked(node)
    selects = frozenset(field.name for part in (SplitRule, Selection) for field in fields(part))

    def whole() -> KeptData:
        records = asked.read()
        return KeptData(records, fingerprint(*records.sets().values()), {})

    kept = read_once(partial(asked.index, "whole", selects), whole, asked.form)
    return asked.of(kept)._replace(selection=asked.selection)


def load_sets(node: DictConfig, tests: DictConfig) -> dict[str, LoadedData]:
    """Read a data set and others beside it, each whole, by the names that tables give them.

    Args:
        node: of the data group.
        tests: nodes of the data group by name.

    Raises:
        ValueError: two of them have the same name.
    """
    nodes = {str(node.name): node}
    for name in map(str, tests):
        if name in nodes:
            raise ValueError(f"two data sets are called {name}; give the one in tests another name (set tests.*)")
        nodes[name] = tests[name]
    return {name: load_data(one) for name, one in nodes.items()}


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
    asked = _asked(node)
    whole = _test_sets(tests)
    content = {"data": asked.content, "tests": OmegaConf.to_container(tests, resolve=True)}
    files = [(str(path.resolve()), times) for path, times in file_states(content).items()]
    prints = {name: test.fingerprint for name, test in whole.items()}
    state = json.dumps([content, files, prints], default=str)  # all that decides what is read
    if state in _LAST:
        return _LAST[state]
    bins, unlearnt = read_difficulty(asked.selection.difficulty), dict[str, LoadedData]()

    def learnt() -> KeptData:
        kept, left = learnt_of(asked.loaded._replace(records=asked.read()), asked.selection, bins, whole)
        unlearnt.update(left)
        return kept

    kept = learnt() if whole else read_once(partial(asked.index, "learnt"), learnt, asked.form)
    _LAST.clear()  # one is enough for cells that differ in something else, and data may be large
    _LAST[state] = RunData(asked.of(kept)._replace(bins=bins), unlearnt)
    return _LAST[state]


def load_judged_data(node: DictConfig, tests: DictConfig) -> RunData:
    """Read a data set that nothing is learnt from here, and others beside it: all of it, or all splits but `train`.

    Args:
        node: of the data group.
        tests: nodes of the data group by name.

    Raises:
        ValueError: a set is asked for with a key of training pairs, or nothing is left of it.
    """
    asked = _asked_to_judge(node, "data")
    records = load_data(node).records
    if set(records.splits) == {"train"}:
        records = replace(records, splits={"all": records.splits["train"]})
    return RunData(_judged(asked, records), _test_sets(tests))


def _judged(asked: _Asked, records: PreferenceData) -> LoadedData:
    """Those of some records that a data set that nothing is learnt from is asked for with."""
    bins = read_difficulty(asked.selection.difficulty)
    records = selected(records, asked.selection, bins)
    return asked.of(KeptData(records, fingerprint(*records.sets().values()), {}))._replace(bins=bins)


_LAST: dict[str, RunData] = {}  # by its state: cells of a multirun in one process read the same data once


def _test_sets(tests: DictConfig) -> dict[str, LoadedData]:
    return {str(name): _test_data(test, f"tests.{name!s}") for name, test in tests.items()}


def _test_data(node: DictConfig, key: str) -> LoadedData:
    """A data set with the one split that is tested on: `test`, or `val`, or all of it, or what is not for training."""
    asked = _asked_to_judge(node, key)
    records = asked.read()
    if not records.splits:
        what = "demonstrations" if records.demonstrations else "lists"
        raise ValueError(f"a model is tested on pairs, but data={asked.loaded.name} has {what} (set tests.*)")
    last = next((split for split in reversed(list(records.splits)) if split != "train"), "train")
    name = next((split for split in ("test", "val", "all") if split in records.splits), last)
    return _judged(asked, replace(records, splits={name: records.splits[name]}, candidates={}))
