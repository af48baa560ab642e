import random
from collections import Counter
from dataclasses import replace

import pytest

from rmexp.data.clusters import group_key
from rmexp.data.known_keys import keys_of
from rmexp.data.loading import SplitRule
from rmexp.data.split import split_by_hash, with_splits
from rmexp.preference_data import PreferenceData, SkippedRow
from rmexp.records import Message, Preference

RULE = SplitRule(0.2, None, 0)


def make(prompts, pairs_each=1, topics=4):
    """Pairs by prompt, each prompt in the topic of its number."""
    return tuple(
        Preference(f"p{prompt}", f"c{pair}", "r", meta={"topic": {"name": f"t{prompt % topics}"}})
        for prompt in range(prompts)
        for pair in range(pairs_each)
    )


@pytest.mark.parametrize("group", [None, "meta.topic.name"])
def test_no_group_is_in_two_splits_and_no_pair_is_lost(group):
    records = make(60, pairs_each=3, topics=15)
    splits = split_by_hash(records, replace(RULE, group=group), "test")
    keys = {name: {group_key(record, group) for record in part} for name, part in splits.items()}
    assert keys["train"].isdisjoint(keys["val"])
    assert sorted((*splits["train"], *splits["val"]), key=records.index) == list(records)


@pytest.mark.parametrize("group", [None, "meta.topic.name"])
def test_keys_are_found_where_they_will_be_asked_for_and_are_those_of_each_part(group):
    for keyed in (False, True):
        splits = split_by_hash(make(60), replace(RULE, group=group), "test", keyed=keyed)
        for part in splits.values():
            assert (part.keys is not None) == (keyed and group is None)
            assert keys_of(part).tolist() == keys_of(tuple(part)).tolist()


@pytest.mark.parametrize(("fraction", "expected"), [(0.2, 20), (0.001, 1), (0.5, 50), (0.999, 99)])
def test_val_holds_its_fraction_and_train_is_never_empty(fraction, expected):
    assert len(split_by_hash(make(100), replace(RULE, val_fraction=fraction), "test")["val"]) == expected


def test_whole_groups_overshoot_the_fraction_by_less_than_one_group():
    splits = split_by_hash(make(20, pairs_each=7), RULE, "test")
    assert 28 <= len(splits["val"]) < 28 + 7
    assert set(Counter(record.prompt for record in splits["val"]).values()) == {7}


def test_the_order_of_rows_decides_nothing_and_is_kept():
    records = list(make(50, pairs_each=2))
    before = split_by_hash(tuple(records), RULE, "test")
    random.Random(0).shuffle(records)
    after = split_by_hash(tuple(records), RULE, "test")
    for name in ("train", "val"):
        assert {record.id for record in before[name]} == {record.id for record in after[name]}
        assert list(after[name]) == [record for record in records if record in after[name]]


def test_the_seed_gives_another_split_and_new_rows_move_few():
    records = make(200)
    val = {record.id for record in split_by_hash(records, RULE, "test")["val"]}
    other = {record.id for record in split_by_hash(records, replace(RULE, split_seed=1), "test")["val"]}
    assert len(val & other) < 20  # 8 by chance
    grown = {record.id for record in split_by_hash(make(202), RULE, "test")["val"]}
    assert len(val - grown) <= 2


def test_all_is_split_and_own_splits_are_kept():
    test = make(3)
    split = with_splits(
        PreferenceData({"all": make(10), "test": test}, bad_rows=(SkippedRow("f", 1, "empty", "no text"),)),
        RULE,
        "test",
    )
    assert {name: len(part) for name, part in split.splits.items()} == {"train": 8, "val": 2, "test": 3}
    assert len(split.bad_rows) == 1
    own = PreferenceData({"train": make(1), "val": test})
    assert with_splits(own, RULE, "test") == own


@pytest.mark.parametrize(
    ("splits", "group", "message"),
    [
        ({"all": make(1)}, None, r"1 pair\(s\) with 1 prompt, expected at least 2 \(add data, or set data.val_path\)"),
        ({"all": make(1, pairs_each=9)}, None, r"9 pair\(s\) with 1 prompt"),
        ({"all": make(9, topics=1)}, "meta.topic.name", r"9 pair\(s\) with 1 value of data.group=meta.topic.name"),
        ({"all": ()}, None, r"0 pair\(s\) with 0 prompt"),
        ({"train": make(2)}, None, "data set test has no pairs in its split `val`"),
        ({"train": (), "val": make(2)}, None, "data set test has no pairs in its split `train`"),
        ({"all": make(2)}, "meta.source", r"has no field meta.source; it has meta.topic \(set data.group\)"),
        ({"all": make(2)}, "meta.topic.name.more", "has no field meta.topic.name.more"),
    ],
)
def test_too_little_data_or_no_such_field_is_refused(splits, group, message):
    with pytest.raises(ValueError, match=message):
        with_splits(PreferenceData(splits), replace(RULE, group=group), "test")


def test_the_turns_of_a_conversation_are_its_group():
    turns = (Message("user", "a"), Message("assistant", "b"))
    assert group_key(Preference(turns, "c", "r"), None) != group_key(Preference("a", "c", "r"), None)
    assert group_key(Preference(turns, "c", "r", id="7"), "id") == "7"


def test_a_fraction_of_zero_trains_on_all():
    data = PreferenceData({"all": make(10), "test": make(3)})
    splits = with_splits(data, replace(RULE, val_fraction=0), "test").splits
    assert splits == {"train": make(10), "test": make(3)}
    with pytest.raises(ValueError, match="no pairs in its split `train`"):
        with_splits(PreferenceData({"all": ()}), replace(RULE, val_fraction=0), "test")
