"""The pairs that a stage does not learn from and that its model is judged on."""

from collections.abc import Mapping

from rmexp.data.loaded import LoadedData
from rmexp.evaluation.slices import DIFFICULTY, Slicing
from rmexp.evaluation.test_set import Kind, Origin, TestSet, as_test_set
from rmexp.training.stage import StageModule


def learns_preferences(module: StageModule) -> bool:
    """Whether a stage gives something that pairs can be scored with: all but language-model training does."""
    return module.kind == "reward_model" or module.relative


def held_out_sets(data: LoadedData, tests: Mapping[str, LoadedData]) -> list[TestSet]:
    """All splits but `train` of the data set, and the one split of each other data set.

    Raises:
        ValueError: the difficulty of a pair is not known.
    """
    own = {split: records for split, records in data.records.splits.items() if split != "train"}
    found: list[tuple[LoadedData, str, str, Kind]] = [(data, data.name, split, "held_out") for split in own]
    for name, other in tests.items():
        for split, records in other.records.splits.items():
            if not (name == data.name and own.get(split) == records):
                found.append((other, name, split, "domain"))
    sets = []
    for one, name, split, kind in found:
        records, parts = one.records.splits[split], {} if one.bins is None else {DIFFICULTY: one.bins}
        if one.records.parts:
            parts["source"] = {record.id: record.meta["source"] for record in records}
        sets.append(as_test_set(Origin(name, split, kind, one.split_rule.group), records, Slicing(parts=parts)))
    return sets
