"""The shapes of openbmb/UltraFeedback and berkeley-nest/Nectar with texts of our own."""

from math import nan

import pytest

from rmexp.checked_fields import EmptyText
from rmexp.records import IdenticalSides, Message
from rmexp.sources.rows import LeftOut


def completion(text, score, model="m", rating="4"):
    aspects = ("helpfulness", "honesty", "instruction_following", "truthfulness")
    return {
        "annotations": {name: {"Rating": rating, "Rationale": "because"} for name in aspects},
        "custom_system_prompt": "You help.",
        "critique": "Fine.",
        "fine-grained_score": score,
        "model": model,
        "overall_score": 10 - score,
        "principle": "helpfulness",
        "response": text,
    }


def feedback(*completions):
    known = {"source": "evol_instruct", "correct_answers": ["None"], "incorrect_answers": ["None"]}
    return known | {"instruction": "Sort a list.", "models": ["m"], "completions": list(completions)}


FOUR = feedback(*(completion(text, score, text * 2) for text, score in zip("abcd", (2.0, 5.0, 3.0, 3.0), strict=True)))


def sides(found):
    return [(pair.chosen, pair.rejected, pair.target, pair.margin) for pair in found]


def test_all_pairs_the_better_one_first_and_ties_as_soft_labels(pairs):
    found = pairs("ultrafeedback", [FOUR])
    assert sides(found) == [
        ("b", "c", 1.0, 2.0),
        ("b", "d", 1.0, 2.0),
        ("b", "a", 1.0, 3.0),
        ("c", "d", 0.5, 0.0),
        ("c", "a", 1.0, 1.0),
        ("d", "a", 1.0, 1.0),
    ]
    assert len({pair.id for pair in found}) == 6
    assert len({pair.meta["group"] for pair in found}) == 1
    assert found[0].meta == {
        "group": found[1].meta["group"],
        "source": "evol_instruct",
        "scores": [5.0, 3.0],
        "names": ["bb", "cc"],
    }


def test_the_best_against_one_other(pairs):
    assert sides(pairs("ultrafeedback", [FOUR], "pairing.pairs=best_worst")) == [("b", "a", 1.0, 3.0)]
    drawn = {
        pairs("ultrafeedback", [FOUR], "pairing.pairs=best_random", f"pairing.seed={seed}")[0].rejected
        for seed in range(20)
    }
    assert drawn == {"a", "c", "d"}
    once, again = (pairs("ultrafeedback", rows, "pairing.pairs=best_random")[0] for rows in ([FOUR], [FOUR, FOUR]))
    assert once == again


def test_ties_and_small_gaps_are_left_out_on_request_and_counted(pairs):
    found = pairs("ultrafeedback", [FOUR], "pairing.ties=drop", "pairing.min_gap=1.5")
    assert sides(pair for pair in found if not isinstance(pair, LeftOut)) == [
        ("b", "c", 1.0, 2.0),
        ("b", "d", 1.0, 2.0),
        ("b", "a", 1.0, 3.0),
    ]
    reasons = [outcome.reason for outcome in found if isinstance(outcome, LeftOut)]
    assert reasons[0] == "ties (data.format.pairing.ties=drop)"
    assert reasons[1:] == ["pairs with a gap below data.format.pairing.min_gap=1.5"] * 2


def test_other_scores_and_their_mean(pairs):
    assert sides(pairs("ultrafeedback", [FOUR], "score=overall_score", "pairing.pairs=best_worst"))[0][:2] == ("a", "b")
    row = feedback(completion("a", 1, rating="2"), completion("b", 1, rating="5"))
    row["completions"][0]["annotations"]["honesty"]["Rating"] = "3"
    (pair,) = pairs("ultrafeedback", [row], "score=[annotations.honesty.Rating,annotations.helpfulness.Rating]")
    assert (pair.chosen, pair.margin) == ("b", 2.5)


def test_a_response_that_cannot_be_used_leaves_the_others(outcomes):
    row = feedback(completion("a", 1), completion(" ", 2), completion("b", nan), completion("c", 4), completion("a", 5))
    found = outcomes("ultrafeedback", [row])
    errors = [error for _, error in found if isinstance(error, ValueError)]
    assert [type(error) for error in errors] == [EmptyText, ValueError, IdenticalSides]
    assert str(errors[0]) == 'completions[1]: `response` must be a non-empty string, got " "'
    assert str(errors[1]) == "completions[2]: `fine-grained_score` must be a finite number, got NaN"
    assert sides(pair for _, pair in found if not isinstance(pair, ValueError)) == [
        ("a", "c", 1.0, 1.0),
        ("c", "a", 1.0, 3.0),
    ]


def test_fewer_than_two_responses_give_no_pair(outcomes):
    for row in (feedback(), feedback(completion("a", 1))):
        assert outcomes("ultrafeedback", [row]) == [(1, LeftOut("prompts with fewer than two responses"))]
    ((_, error),) = outcomes("ultrafeedback", [feedback(completion("a", 1), completion("", 1))])
    assert isinstance(error, EmptyText)


@pytest.mark.parametrize(
    ("change", "overrides", "message"),
    [
        ({"completions": "text"}, [], '`completions` must be a list, got "text"'),
        ({"instruction": None}, [], "`instruction` must be a string, got null"),
        ({}, ["responses=answers"], "`answers` is missing; the row has source, "),
        ({}, ["meta=[topic]"], "`topic` is missing"),
    ],
)
def test_a_row_of_another_shape_is_one_error(problem, change, overrides, message):
    assert message in problem("ultrafeedback", FOUR | change, *overrides)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("pairing.pairs=some", r"data.format.pairing.pairs must be one of all, best_worst, best_random, got some"),
        ("pairing.ties=half", r"data.format.pairing.ties must be one of keep, drop, got half"),
        ("pairing.min_gap=-1", r"data.format.pairing.min_gap takes a number of at least 0, got -1"),
    ],
)
def test_options_are_checked_before_a_row_is_read(outcomes, override, message):
    with pytest.raises(ValueError, match=message):
        outcomes("ultrafeedback", [FOUR], override)


NECTAR = {
    "prompt": "\n\nHuman: Name a colour.\n\nAssistant: Blue.\n\nHuman: Another one.\n\nAssistant: ",
    "answers": [
        {"answer": "Red.", "model": "gpt-4", "rank": 1.0},
        {"answer": "Blue.", "model": "llama", "rank": 3.0},
        {"answer": "Green.", "model": "mistral", "rank": 2.0},
    ],
    "turns": 2,
    "num_responses": 3,
    "source": ["lmsys-chat-1m"],
    "good_natured": True,
}


def test_ranked_answers_to_a_dialogue(pairs):
    found = pairs("nectar", [NECTAR])
    assert sides(found) == [("Red.", "Green.", 1.0, 1.0), ("Red.", "Blue.", 1.0, 2.0), ("Green.", "Blue.", 1.0, 1.0)]
    assert found[0].prompt == (
        Message("user", "Name a colour."),
        Message("assistant", "Blue."),
        Message("user", "Another one."),
    )
    assert found[0].meta["source"] == ["lmsys-chat-1m"]


def test_a_list_in_order_is_a_ranking(pairs):
    row = {"prompt": "p", "answers": ["best", "middle", "worst"]}
    options = ["transcript=false", "response=null", "score=null", "lowest_is_best=false", "name=null", "meta=[]"]
    assert sides(pairs("nectar", [row], *options, "pairing.pairs=best_worst")) == [("best", "worst", 1.0, 2.0)]


def test_a_prompt_must_end_with_the_human(problem):
    row = NECTAR | {"prompt": "\n\nHuman: Hi\n\nAssistant: Hello"}
    assert "expected a prompt that ends with a human's turn" in problem("nectar", row)


LISTED = {"prompt": "Q", "responses": ["poor", "good", [{"role": "assistant", "content": "fair"}]]}


@pytest.mark.parametrize(
    ("beside", "overrides", "margins"),
    [
        ({"scores": [0.5, 3, "1.0"]}, [], [2.0, 2.5, 0.5]),
        ({"ranks": [3, 1, 2]}, ["score=ranks", "lowest_is_best=true"], [1, 2, 1]),
        ({"scores": "[0.5, 3, 1.0]"}, [], [2.0, 2.5, 0.5]),
        ({"help": [1, 5, 3], "depth": [1, 3, 1]}, ["score=[help,depth]"], [2, 3, 1]),
    ],
)
def test_texts_with_numbers_in_columns_beside_them(pairs, beside, overrides, margins):
    found = pairs("scored_responses", [LISTED | beside], *overrides)
    assert [(pair.chosen, pair.rejected) for pair in found] == [("good", "fair"), ("good", "poor"), ("fair", "poor")]
    assert [pair.margin for pair in found] == margins


def test_without_numbers_the_first_text_is_the_best(pairs):
    assert [pair.chosen for pair in pairs("scored_responses", [LISTED], "score=null")] == ["poor", "poor", "good"]


@pytest.mark.parametrize(("scores", "came"), [([1, 2], "2"), (None, "null"), ("1", '"1"')])
def test_one_number_for_each_text(problem, scores, came):
    assert problem("scored_responses", LISTED | {"scores": scores}) == (
        f"`scores` must be a list of 3 numbers, one for each of `responses`, got {came} (set data.format.score)"
    )


def test_a_score_that_is_missing_is_told_with_its_response(outcomes):
    row = {"instruction": "Q", "completions": [{"response": "a", "model": "m"}], "source": "s"}
    ((_, error),) = outcomes("ultrafeedback", [row], "score=overall")
    assert str(error) == "completions[0]: `overall` is missing; the row has response, model"
