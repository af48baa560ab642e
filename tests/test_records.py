import dataclasses
import json

import pytest

from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Message, Preference, Scored, prompt_text

PAIR = {"prompt": "p", "chosen": "c", "rejected": "r"}
POOL = {"prompt": "p", "responses": ["a", "b"]}
SCORED = {"id": "x", "scores": [1.0, -2.5], "tokens": [3, 4], "truncated": [False, True]}
TURNS = [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "v"}]


def without(row, name):
    return {key: value for key, value in row.items() if key != name}


@pytest.mark.parametrize(
    ("cls", "row"),
    [
        (Preference, PAIR),
        (Preference, PAIR | {"prompt": TURNS, "target": 0.25, "margin": -2, "id": "7", "meta": {"topic": {"a": [1]}}}),
        (Preference, PAIR | {"prompt": "", "target": 0}),
        (Candidates, POOL),
        (Candidates, POOL | {"prompt": TURNS, "gold": [0.5, 1], "id": "7", "meta": {"labels": ["x", "y"]}}),
        (Scored, SCORED),
    ],
)
def test_rows_roundtrip(cls, row):
    record = cls.from_row(row)
    written = json.loads(json.dumps(record.to_row()))
    assert without(row, "id").items() <= written.items()
    assert cls.from_row(written) == record


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(({name: value}, f"`{name}` must be a non-empty string, got {got}")
          for name in ("chosen", "rejected")
          for value, got in ((True, "true"), (None, "null"), (3, "3"), ("", '""'), (" \n", '" \\n"'), ([1], "a list"))),
        ({"rejected": "c"}, "`chosen` and `rejected` must differ, got the same text twice"),
        ({"target": 1.5}, "`target` must be in [0, 1], got 1.5"),
        ({"target": -1}, "`target` must be in [0, 1], got -1"),
        ({"target": "1"}, "`target` must be a finite number, got \"1\""),
        ({"target": True}, "`target` must be a finite number, got true"),
        ({"target": float("nan")}, "`target` must be a finite number, got NaN"),
        ({"margin": float("inf")}, "`margin` must be a finite number, got Infinity"),
        ({"margin": 10**400}, "`margin` must be a finite number, got 1000"),
        ({"margin": [1]}, "`margin` must be a finite number, got a list"),
        ({"prompt": 5}, "`prompt` must be a string or a list of messages, got 5"),
        ({"prompt": []}, "`prompt` must be a string or a list of messages, got an empty list"),
        ({"prompt": ["u"]}, '`prompt[0]` must be a message with a `role` and a `content`, got "u"'),
        ({"prompt": [TURNS[0], {"role": "user"}]}, "`prompt[1]` must be a message with a `role` and a `content`, got"),
        ({"prompt": [{"role": "user", "content": None}]}, "`prompt[0].content` must be a string, got null"),
        (
            {"prompt": 7, "chosen": 3.5, "rejected": None},
            "`prompt` must be a string or a list of messages, got 7",
        ),
        (
            {"chosen": 3.5, "rejected": None, "target": 2},
            "`chosen` must be a non-empty string, got 3.5; `rejected` must be a non-empty string, got null; `target` m",
        ),
        ({"id": 1.5}, "`id` must be a string, got 1.5"),
        ({"id": True}, "`id` must be a string, got true"),
        ({"meta": "topic"}, '`meta` must be an object, got "topic"'),
    ],
)  # fmt: skip
def test_a_malformed_pair_names_its_field(changes, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared literally
        Preference.from_row(PAIR | changes)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("cls", "row", "name"),
    [
        *((Preference, PAIR, name) for name in PAIR),
        *((Candidates, POOL, name) for name in POOL),
        *((Scored, SCORED, name) for name in SCORED),
    ],
)
def test_a_missing_field_is_named_with_those_that_are_there(cls, row, name):
    rest = without(row, name)
    with pytest.raises(ValueError, match=f"`{name}` is missing; the row has {', '.join(rest)}"):
        cls.from_row(rest)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"responses": []}, "`responses` must hold at least one text, got none"),
        ({"responses": "ab"}, '`responses` must be a list, got "ab"'),
        ({"responses": None}, "`responses` must be a list, got null"),
        ({"responses": ["a", ""]}, '`responses[1]` must be a non-empty string, got ""'),
        ({"gold": 1}, "`gold` must be a list, got 1"),
        ({"gold": [1]}, "`gold` must hold 2 numbers, one a response, got 1"),
        ({"gold": [1, None]}, "`gold` must be a finite number, got null"),
    ],
)
def test_malformed_candidates_name_their_field(changes, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        Candidates.from_row(POOL | changes)
    assert message in str(caught.value)


def test_an_id_is_kept_or_made_of_the_content():
    base = Preference.from_row(PAIR)
    assert Preference.from_row(PAIR | {"id": 12}).id == "12"
    assert len(base.id) == 16
    assert base.id == Preference.from_row(PAIR | {"target": 0.5, "meta": {"a": 1}}).id
    others = [PAIR | {name: "other"} for name in PAIR] + [
        PAIR | {"prompt": TURNS},
        PAIR | {"chosen": "r", "rejected": "c"},
    ]
    assert len({base.id, *(Preference.from_row(row).id for row in others)}) == 1 + len(others)


def test_records_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Preference.from_row(PAIR).chosen = "x"


def test_prompt_text_writes_a_line_a_turn():
    assert prompt_text("a: b") == "a: b"
    assert prompt_text((Message("user", "u"), Message("assistant", "a"))) == "user: u\nassistant: a"


def test_responses_are_in_the_order_of_scores():
    assert Preference.from_row(PAIR).responses == ("c", "r")
    pool = Candidates.from_row(POOL)
    data = PreferenceData({"train": (Preference.from_row(PAIR),)}, {"graded": (pool,)})
    assert pool.responses == ("a", "b")
    assert list(data.sets()) == ["train", "graded"]
