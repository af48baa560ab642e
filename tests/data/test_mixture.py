from collections import Counter

import pytest

from rmexp.data.loading import SplitRule
from rmexp.data.mixture import Splitting, mixture
from rmexp.data.split import with_splits
from rmexp.preference_data import PreferenceData, SkippedRow
from rmexp.records import Candidates, Preference

SPLITTING = Splitting(name="mixture", val_fraction=0.25, group=None, split_seed=0)
OPTIONS = {"weights": {}, "until": "exhaust", "seed": 0, "splitting": SPLITTING}


def make(name, count, **meta):
    return tuple(Preference(f"{name} {i}", "yes", "no", meta=meta) for i in range(count))


def own(name, train, val=4, **more):
    return PreferenceData({"train": make(f"{name} train", train), "val": make(f"{name} val", val), **more})


def sources(pairs):
    return Counter(pair.meta["source"] for pair in pairs)


def mixed(parts, **options):
    return mixture(parts=parts, **(OPTIONS | options)).splits


def test_exhaust_holds_the_weights_and_takes_no_pair_twice():
    parts = {"a": own("a", 100), "b": own("b", 30)}
    splits = mixed(parts, weights={"a": 2, "b": 1})
    assert sources(splits["train"]) == {"a": 60, "b": 30}
    assert len({pair.id for pair in splits["train"]}) == 90
    assert sources(splits["val"]) == {"a": 4, "b": 4}


def test_repeat_uses_every_pair_and_repeats_evenly():
    splits = mixed({"a": own("a", 100), "b": own("b", 30)}, weights={"a": 2, "b": 2}, until="repeat")
    assert sources(splits["train"]) == {"a": 100, "b": 100}
    times = Counter(pair.id for pair in splits["train"])
    assert {times[pair] for pair in times if pair.startswith("a/")} == {1}
    assert {times[pair] for pair in times if pair.startswith("b/")} == {3, 4}
    assert len(times) == 130


def test_the_seed_decides_which_pairs_and_their_order():
    parts = {"a": own("a", 50), "b": own("b", 10)}
    first, again, other = (mixed(parts, seed=seed)["train"] for seed in (0, 0, 1))
    assert first == again
    assert {pair.id for pair in first} != {pair.id for pair in other}
    assert sources(first[:10]).keys() == {"a", "b"}


def test_pairs_say_where_they_come_from():
    data = PreferenceData({"train": make("x", 3, source="web"), "val": make("y", 1)})
    pair = mixed({"a": data})["train"][0]
    assert pair.meta == {"source": "a", "part_source": "web"}
    assert pair.id.startswith("a/")


def test_parts_without_splits_are_split_together_so_that_no_prompt_lies_on_both_sides():
    shared = make("shared", 40)
    parts = {"a": PreferenceData({"all": shared}), "b": PreferenceData({"all": (*shared[::2], *make("b", 20))})}
    splits = mixed(parts, until="repeat")
    train, val = ({pair.prompt for pair in splits[name]} for name in ("train", "val"))
    assert not train & val
    assert len(train | val) == 60
    assert sources(splits["val"]).keys() == {"a", "b"}
    assert 0.2 < len(splits["val"]) / 80 < 0.35


def test_parts_with_and_without_splits_meet():
    parts = {"a": own("a", 30, unseen=make("u", 5)), "b": PreferenceData({"all": make("b", 40), "test": make("t", 6)})}
    data = mixture(parts=parts, **OPTIONS)
    assert {name: dict(sources(pairs)) for name, pairs in data.splits.items()} == {
        "train": {"a": 30, "b": 30},
        "val": {"a": 4, "b": 10},
        "unseen": {"a": 5},
        "test": {"b": 6},
    }
    assert with_splits(data, SplitRule(0.2, None, 0), "mixture") == data


def test_the_group_decides_the_split():
    by_topic = tuple(Preference(f"p{i}", "yes", "no", meta={"topic": i % 8}) for i in range(64))
    parts = {"a": PreferenceData({"all": by_topic}), "b": own("b", 10)}
    rule = Splitting(name="m", val_fraction=0.25, group="meta.topic", split_seed=0)
    splits = mixed(parts, until="repeat", splitting=rule)
    topics = [{pair.meta["topic"] for pair in splits[name] if "topic" in pair.meta} for name in ("train", "val")]
    assert not topics[0] & topics[1]
    assert len(topics[1]) == 2


def test_candidates_and_bad_rows_are_those_of_all_parts():
    shown, bad = (Candidates("p", ("r",)),), (SkippedRow("f", 1, "empty", "no text"),)
    a, b = (PreferenceData(own(name, 3).splits, {"shown": shown, name: shown}, bad) for name in "ab")
    data = mixture(parts={"a": a, "b": b}, **OPTIONS)
    assert set(data.candidates) == {"a_shown", "b_shown", "a", "b"}
    assert data.bad_rows == bad * 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parts": {}}, r"a mixture needs parts, got none \(add them: \+data@data.parts.NAME=OPTION\)"),
        ({"until": "ever"}, "data.until must be one of exhaust, repeat, got ever"),
        ({"weights": {"a": 1}}, "data.weights must have one weight a part, for a, b, got some for a"),
        ({"weights": {"a": 1, "c": 1}}, "for a, b, got some for a, c"),
        ({"weights": {"a": 1, "b": 0}}, "data.weights.b must be a number above 0, got 0"),
        ({"weights": {"a": 1, "b": float("nan")}}, "data.weights.b must be a number above 0, got nan"),
        ({"weights": {"a": True, "b": 1}}, "data.weights.a must be a number above 0, got True"),
        (
            {"parts": {"a": own("a", 3), "t": PreferenceData({"test": make("t", 2)})}},
            "part t of the mixture has no train",
        ),
        (
            {"parts": {"a": PreferenceData({"all": make("a", 1)})}},
            r"mixture cannot be split .* 1 pair\(s\) with 1 prompt",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    parts = {"parts": {"a": own("a", 3), "b": own("b", 3)}}
    with pytest.raises(ValueError, match=message):
        mixture(**(parts | OPTIONS | change))
