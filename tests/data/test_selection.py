import json
from dataclasses import replace

import pytest

from rmexp.data.difficulty import read_difficulty
from rmexp.data.selection import Selection, sampled, selected, with_label_noise
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference

ALL = Selection(None, 0.0, 0, None, ["easy"], "warn", None, [], "apart")


@pytest.fixture
def records():
    return tuple(Preference("p", f"a{i}", f"b{i}", target=0.8 if i % 2 else 1.0) for i in range(10))


def test_a_smaller_subset_is_part_of_a_larger_one_and_order_is_kept(records):
    small, large = sampled(records, 3, 0), sampled(records, 7, 0)
    assert all(record in large for record in small)
    assert list(large) == sorted(large, key=records.index)
    assert sampled(records, 7, 1) != large
    with pytest.raises(ValueError, match=r"at least data.train_pairs=11 training pairs, the data has 10"):
        sampled(records, 11, 0)


def test_noise_turns_a_share_of_the_labels_round_and_says_which(records):
    noisy = with_label_noise(records, 0.3, 0)
    flipped = [record.meta["flipped"] for record in noisy]
    assert sum(flipped) == 3
    for before, after, turned in zip(records, noisy, flipped, strict=True):
        assert after.target == pytest.approx(1 - before.target if turned else before.target)
        assert (after.id, after.chosen) == (before.id, before.chosen)
    assert with_label_noise(records, 0.3, 1) != noisy


def test_noise_leaves_ties_alone_and_calls_none_flipped(records):
    some = [replace(record, target=0.5) if index < 6 else record for index, record in enumerate(records)]
    noisy = with_label_noise(some, 0.5, 0)
    assert [record.meta["flipped"] for record in noisy[:6]] == [False] * 6
    assert sum(record.meta["flipped"] for record in noisy) == 2  # half of four with a preference


def test_noise_and_subset_leave_validation_alone(records):
    data = PreferenceData({"train": records, "val": records[:4]})
    result = selected(data, replace(ALL, train_pairs=6, label_noise=0.5), None)
    assert len(result.splits["train"]) == 6
    assert sum(record.meta["flipped"] for record in result.splits["train"]) == 3
    assert result.splits["val"] == records[:4]
    assert selected(data, ALL, None) == data


def test_difficulty_keeps_the_wanted_bins_of_every_split(records, tmp_path):
    file = tmp_path / "difficulty.jsonl"
    rows = [{"id": record.id, "bin": "easy" if i % 2 else "hard"} for i, record in enumerate(records)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data, wanted = PreferenceData({"train": records, "val": records[:4]}), replace(ALL, difficulty=str(file))
    bins = read_difficulty(wanted.difficulty)
    result = selected(data, wanted, bins)
    assert result.splits == {"train": records[1::2], "val": records[1:4:2]}
    with pytest.raises(ValueError, match=r"no pair of the split `train` lies in data.difficulty_bins=\['medium'\]"):
        selected(data, replace(wanted, difficulty_bins=["medium"]), bins)
    file.write_text(json.dumps(rows[0]) + "\n")
    with pytest.raises(ValueError, match="says nothing of 9 of 10 pairs of the split `train`"):
        selected(data, wanted, read_difficulty(wanted.difficulty))


@pytest.mark.parametrize(
    ("key", "value"), [("train_pairs", 0), ("label_noise", 1.1), ("leaks", "no"), ("leak_similarity", 0)]
)
def test_values_out_of_range_name_their_key(key, value):
    with pytest.raises(ValueError, match=f"data.{key}"):
        replace(ALL, **{key: value})
