import shlex

import pytest

from rmexp.sources.formats.likely_layout import likely_layout

VOTES = {"prompt": "p", "response_a": "x", "response_b": "y", "winner": "a"}


@pytest.mark.parametrize(
    ("row", "sides", "target"),
    [
        (VOTES, ("x", "y"), 1.0),
        (VOTES | {"winner": "b"}, ("x", "y"), 0.0),
        (VOTES | {"winner": "tie"}, ("x", "y"), 0.5),
        (VOTES | {"winner": "response_b"}, ("x", "y"), 0.0),
        (VOTES | {"winner": "model_b"}, ("x", "y"), 0.0),
        ({"preference_strength": 3, **VOTES, "winner": "model_a"}, ("x", "y"), 1.0),
        ({"question": "p", "answer_A": "x", "answer_B": "y", "human_preference": "B"}, ("x", "y"), 0.0),
        ({"prompt": "p", "output_0": "x", "output_1": "y", "preferred": 1}, ("x", "y"), 0.0),
        ({"prompt": "p", "output1": "x", "output2": "y", "score1": "2", "score2": "3.5"}, ("x", "y"), 0.0),
        ({"prompt": "p", "answer a": "x", "answer b": "y", "who won: winner": "b"}, ("x", "y"), 0.0),
        ({"prompt": "p", "left": "x", "right": "y", "choice": "left"}, ("x", "y"), 1.0),
        ({"query": "p", "better_response": "x", "worse_response": "y"}, ("x", "y"), 1.0),
        ({"prompt": "p", "rejected": "y", "preferred": "x"}, ("x", "y"), 1.0),
        ({"messages": "p", "chosen": "x", "rejected": "y"}, ("x", "y"), 1.0),
        ({"prompt": "p", "responses": ["x", "y"], "winner": "b"}, ("x", "y"), 0.0),
        ({"Question": "p", "Chosen": "x", "Rejected": "y"}, ("x", "y"), 1.0),
    ],
)
def test_what_is_told_reads_the_row(pairs, problem, row, sides, target):
    told = problem("columns", row)
    overrides = shlex.split(told.partition("; set ")[2].removesuffix(", or choose another data/format"))
    name = "sides" if overrides[0] == "data/format=sides" else "columns"
    (pair,) = pairs(name, [row], *(text.removeprefix("data.format.") for text in overrides if "data.format." in text))
    assert (pair.prompt, pair.chosen, pair.rejected, pair.target) == ("p", *sides, target)


@pytest.mark.parametrize(
    "row",
    [
        {"question": "p", "answers": ["x", "y"], "ranks": [2, 1]},
        {"prompt": "p", "responses": ["x", "y"], "reward": [1, 2]},
        {"prompt": "p", "completions": [{"response": "x", "rating": 1}, {"response": "y", "rating": 2}]},
        {"question": "p", "answers": [{"text": "x", "rank": 2}, {"text": "y", "rank": 1}]},
    ],
)
def test_lists_with_numbers_are_told_so(pairs, problem, row):
    told = problem("columns", row)
    name, *overrides = shlex.split(told.partition("; set ")[2].removesuffix(", or choose another data/format"))
    (pair,) = pairs(name.removeprefix("data/format="), [row], *(one.removeprefix("data.format.") for one in overrides))
    assert (pair.prompt, pair.chosen, pair.rejected) == ("p", "y", "x")


def test_dialogues_without_a_prompt_are_told_so(pairs, problem):
    said = {side: [{"role": "user", "content": "p"}, {"role": "assistant", "content": side}] for side in "xy"}
    row = {"conversation_a": said["x"], "conversation_b": said["y"], "winner": "B"}
    overrides = likely_layout(row)
    assert overrides[1] == "data.format.prompt=null"
    (pair,) = pairs("sides", [row], *(text.strip("'").removeprefix("data.format.") for text in overrides[1:]))
    assert (pair.chosen, pair.rejected, pair.target) == ("x", "y", 0.0)


def test_single_responses_with_a_number_are_paired(pairs):
    rows = [{"question": "p", "response": text, "reward": number} for text, number in (("x", 0.5), ("y", 2))]
    name, *overrides = likely_layout(rows[0])
    (pair,) = pairs(name.removeprefix("data/format="), rows, *(text.removeprefix("data.format.") for text in overrides))
    assert (pair.prompt, pair.chosen, pair.rejected) == ("p", "y", "x")


def test_what_a_number_counts_from_is_not_guessed(pairs, problem):
    row = {"prompt": "p", "response_1": "x", "response_2": "y", "preference": 1}
    told = likely_layout(row)
    assert "'data.format.first_wins=[FIRST]'" in told
    keys = ["label=preference", "first_wins=[FIRST]", "second_wins=[SECOND]"]
    assert "must be one of FIRST, SECOND, tie, got 1 (set data.format.first_wins" in problem("sides", row, *keys)


def test_names_that_say_nothing_are_told_as_before(problem):
    for row in ({"q": "p"}, {"prompt": "p", "completion": "x"}, VOTES | {"response_b": 3}):
        assert likely_layout(row) == []
    assert "set data.format.chosen, data.format.rejected, or choose" in problem("columns", {"prompt": "p"})


def test_texts_without_a_prompt_are_told_so(problem):
    row = {"prompt": "p", "chosen": "c", "rejected": "r"}
    assert "`prompt` is missing" in problem("columns", row, "prompt=null")


def test_rows_with_the_same_columns_are_looked_at_once(outcomes, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "rmexp.sources.formats.columns.likely_layout", lambda row: seen.append(row) or likely_layout(row)
    )
    told = {str(error) for _, error in outcomes("columns", [VOTES, VOTES | {"winner": "model_b"}, VOTES | {"x": 1}])}
    assert (len(seen), len(told)) == (2, 2)
