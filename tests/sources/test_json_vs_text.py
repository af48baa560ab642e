import json
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import combinations
from typing import Any

import pytest

import rmexp
from rmexp.data.described import fingerprint
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference
from rmexp.sources.json_vs_text import GRADES, LAYOUTS, STYLES, as_json, as_text, json_vs_text
from rmexp.sources.technical_topics import QUESTIONS, SEEN, UNSEEN, Facts

TOPICS = {topic.name: topic for topic in (*SEEN, *UNSEEN)}
UNSEEN_NAMES = {topic.name for topic in UNSEEN}


@pytest.fixture(scope="module")
def data() -> PreferenceData:
    return json_vs_text(pairs=500, unseen_pairs=80, seed=0)


def leaves(value: Any) -> set[str]:
    """Every scalar of a JSON value as text; of `key: value` points the value."""
    if isinstance(value, dict):
        return set().union(*map(leaves, value.values()))
    if isinstance(value, list):
        return set().union(*map(leaves, value))
    return {re.sub(r"^\w+: ", "", str(value))}


def states(text: str, fact: str | int) -> bool:
    return re.search(rf"(?<!\w){re.escape(str(fact))}(?!\w)", text) is not None


def longer_wins(pairs: tuple[Preference, ...]) -> float:
    leads = [len(pair.chosen) - len(pair.rejected) for pair in pairs]
    return sum(1.0 if lead > 0 else 0.5 if lead == 0 else 0.0 for lead in leads) / len(leads)


def test_sizes_and_disjointness(data: PreferenceData) -> None:
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 400, "val": 100, "unseen": 80}
    pairs = [pair for split in data.splits.values() for pair in split]
    assert len({pair.id for pair in pairs}) == 580
    assert len({pair.prompt for pair in pairs}) == 580
    assert Counter(pair.meta["topic"] for pair in data.splits["unseen"]) == dict.fromkeys(UNSEEN_NAMES, 8)
    train_topics = {pair.meta["topic"] for pair in data.splits["train"]}
    assert len(train_topics) >= 60
    assert {pair.meta["topic"] for pair in data.splits["val"]} <= train_topics


def test_the_largest_sizes_use_every_question_once() -> None:
    data = json_vs_text(pairs=len(SEEN) * len(QUESTIONS), unseen_pairs=len(UNSEEN) * len(QUESTIONS), seed=3)
    asked = {pair.prompt for split in data.splits.values() for pair in split}
    assert len(asked) == (len(SEEN) + len(UNSEEN)) * len(QUESTIONS) >= 2200


def test_seen_topics_never_mention_an_unseen_one(data: PreferenceData) -> None:
    seen: list[Any] = [value for topic in SEEN for value in (topic.name, *topic.facts.values())]
    seen += [text for name in ("train", "val") for pair in data.splits[name] for text in (pair.prompt, *pair.responses)]
    text = "\n".join(map(str, seen)).casefold()
    assert "docker" in text
    assert [name for name in UNSEEN_NAMES if name.casefold() in text] == []


def test_sides_are_an_object_and_text_with_the_same_facts(data: PreferenceData) -> None:
    for pair in (pair for split in data.splits.values() for pair in split):
        parsed = json.loads(pair.chosen)
        assert isinstance(parsed, dict)
        assert pair.chosen[0] == "{" != pair.rejected[0]
        with pytest.raises(json.JSONDecodeError):
            json.loads(pair.rejected)
        topic = TOPICS[pair.meta["topic"]]
        assert states(pair.chosen, topic.name)
        assert topic.name.casefold() in pair.rejected.casefold()
        stated = {key for key, value in topic.facts.items() if str(value) in leaves(parsed)}
        assert 2 <= len(stated) <= 4
        assert all(states(pair.rejected, topic.facts[key]) for key in stated), pair
        absent = {"kind", "use", "strength", "limitation"} - stated
        assert not any(states(pair.rejected, topic.facts[key]) for key in absent), pair


def test_answers_state_what_the_question_asks_for(data: PreferenceData) -> None:
    for pair in data.splits["unseen"]:
        topic = TOPICS[pair.meta["topic"]]
        question = next(each for each in QUESTIONS if each.text.format(topic=topic.name) == pair.prompt)
        assert all(str(topic.facts[key]) in pair.chosen for key in question.asks)


@pytest.mark.parametrize("seed", range(10))
def test_length_does_not_tell_the_sides_apart(seed: int) -> None:
    for name, pairs in json_vs_text(pairs=500, unseen_pairs=80, seed=seed).splits.items():
        assert longer_wins(pairs) == 0.5, name
        leads = [len(pair.chosen) - len(pair.rejected) for pair in pairs]
        near = sum(abs(lead) <= 20 for lead in leads) / len(leads)  # two lumps would leave the middle empty
        assert near > 0.25, name
        for side in (0, 1):
            assert 100 < sum(len(pair.responses[side]) for pair in pairs) / len(pairs) < 220


def test_an_odd_number_of_pairs_is_off_half_by_one_pair() -> None:
    for pairs in json_vs_text(pairs=57, unseen_pairs=21, seed=1).splits.values():
        assert abs(longer_wins(pairs) - 0.5) == pytest.approx(0.5 * (len(pairs) % 2) / len(pairs))


def test_any_facts_can_be_said_with_either_side_longer() -> None:
    for topic in TOPICS.values():
        for keys in (keys for size in (2, 3, 4) for keys in combinations(topic.facts, size)):
            facts = {key: topic.facts[key] for key in keys}
            objects = [len(as_json(topic, facts, layout)) for layout in LAYOUTS]
            texts = [len(as_text(topic, facts, style)) for style in STYLES]
            assert min(objects) < max(texts)
            assert max(objects) > min(texts)


def test_every_layout_and_style_occurs(data: PreferenceData) -> None:
    train = data.splits["train"]
    assert {pair.meta["layout"] for pair in train} == set(LAYOUTS)
    assert {pair.meta["style"] for pair in train} == set(STYLES)


def test_text_names_the_topic_once_and_uses_the_right_article() -> None:
    facts: Facts = {"kind": "automation server", "first_appeared": 2011}
    assert as_text(TOPICS["gRPC"], facts, "plain") == "gRPC is an automation server. It first appeared in 2011."
    assert as_text(TOPICS["merge sort"], {"strength": "a"}, "chat") == (
        "Good question! The nice thing about merge sort is a."
    )


def test_graded_responses_are_what_their_labels_say(data: PreferenceData) -> None:
    graded = data.candidates["graded"]
    assert [record.meta["topic"] for record in graded] == [topic.name for topic in UNSEEN]
    for record in graded:
        assert record.meta["labels"] == list(GRADES)
        whole, ending, text, broken, sentence = record.responses
        assert isinstance(json.loads(whole), dict)
        assert ending[0] != "{"
        assert isinstance(json.loads(ending[ending.index("{") :]), dict)
        assert "{" not in text + sentence
        assert broken[0] == "{"
        with pytest.raises(json.JSONDecodeError):
            json.loads(broken)
        assert sentence.count(".") == 1
        assert len(sentence) < len(text)


@pytest.mark.parametrize("seed", range(30))
def test_broken_json_never_parses(seed: int) -> None:
    for record in json_vs_text(pairs=10, unseen_pairs=10, seed=seed).candidates["graded"]:
        with pytest.raises(json.JSONDecodeError):
            json.loads(record.responses[3])


def test_showcase(data: PreferenceData) -> None:
    showcase = data.candidates["showcase"]
    assert [(each.meta["topic"], each.meta["seen"]) for each in showcase] == [
        ("Docker", True),
        ("PostgreSQL", True),
        ("Kafka", False),
    ]
    asked = {pair.prompt for split in data.splits.values() for pair in split}
    for record in (*showcase, *data.candidates["graded"]):
        assert record.prompt not in asked
    for record in showcase:
        assert record.meta["labels"] == ["json", "text"]
        facts = [str(value) for key, value in TOPICS[record.meta["topic"]].facts.items() if key in ("kind", "use")]
        assert all(fact in response for fact in facts for response in record.responses)
        assert isinstance(json.loads(record.responses[0]), dict)


def test_equal_arguments_give_equal_records_in_every_process(data: PreferenceData) -> None:
    code = (
        "from rmexp.data.described import fingerprint; from rmexp.sources.json_vs_text import json_vs_text\n"
        "data = json_vs_text(pairs=500, unseen_pairs=80, seed=0)\n"
        "print(*map(fingerprint, data.splits.values()), *map(fingerprint, data.candidates.values()))"
    )
    here = [*map(fingerprint, data.splits.values()), *map(fingerprint, data.candidates.values())]
    source = os.path.dirname(os.path.dirname(rmexp.__file__))
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": source}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert run.stdout.split() == here


def test_seeds_differ_and_unseen_does_not_depend_on_pairs(data: PreferenceData) -> None:
    other = json_vs_text(pairs=500, unseen_pairs=80, seed=1)
    fewer = json_vs_text(pairs=100, unseen_pairs=80, seed=0)
    for name, split in data.splits.items():
        assert fingerprint(split) != fingerprint(other.splits[name])
    assert data.splits["unseen"] == fewer.splits["unseen"]
    assert data.candidates == fewer.candidates


@pytest.mark.parametrize(
    ("key", "value", "low", "high"),
    [
        ("pairs", 9, 10, 2304),
        ("pairs", 2305, 10, 2304),
        ("pairs", 50.0, 10, 2304),
        ("pairs", True, 10, 2304),
        ("unseen_pairs", 9, 10, 320),
        ("unseen_pairs", 321, 10, 320),
    ],
)
def test_counts_out_of_range(key: str, value: Any, low: int, high: int) -> None:
    arguments: dict[str, Any] = {"pairs": 500, "unseen_pairs": 80, "seed": 0} | {key: value}
    with pytest.raises(ValueError, match=rf"^`{key}` must be .* from {low} to {high}, got .* \(set data\.{key}\)$"):
        json_vs_text(**arguments)


def test_layouts_that_are_named() -> None:
    few = json_vs_text(pairs=200, unseen_pairs=20, seed=0, layouts=["flat compact", "points spaced"])
    assert {pair.meta["layout"] for pair in few.splits["train"]} == {"flat compact", "points spaced"}
    shown = [candidates.responses[0] for name in ("showcase", "graded") for candidates in few.candidates[name]]
    assert all("\n" not in text and json.loads(text)["topic"] for text in shown)


@pytest.mark.parametrize("layouts", [["flat"], [], "flat", ["flat compact", "round compact"]])
def test_layouts_that_are_none(layouts: Any) -> None:
    with pytest.raises(ValueError, match=r"must be some of flat compact, .*\(set data.layouts\)"):
        json_vs_text(pairs=20, unseen_pairs=20, seed=0, layouts=layouts)
