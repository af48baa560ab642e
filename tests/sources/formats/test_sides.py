import json

import pytest

from rmexp.records import Message, Preference

JUDGE = {
    "pair_id": "81ec", "original_id": "1", "source": "mmlu-pro-law", "question": "Why?", "response_model": "m",
    "response_A": "because", "response_B": "no", "label": "B>A",
}  # fmt: skip
PPE = {
    "question_id": "q", "prompt": "Why?", "response_1": "x", "response_2": "y", "winner": "tie (bothbad)",
    "language": "English", "is_code": True, "hard_prompt": False,
}  # fmt: skip


def test_the_order_of_the_data_is_kept(pairs):
    (pair,) = pairs("judge_bench", [JUDGE])
    assert (pair.prompt, pair.chosen, pair.rejected, pair.target) == ("Why?", "because", "no", 0.0)
    assert pair.meta == {"source": "mmlu-pro-law", "pair_id": "81ec"}
    assert pairs("judge_bench", [JUDGE | {"label": "A>B"}])[0].target == 1.0


def test_votes_and_ties(pairs):
    votes = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5, "tie (bothbad)": 0.5}
    for winner, target in votes.items():
        (pair,) = pairs("ppe_preference", [PPE | {"winner": winner}])
        assert pair.target == target
    assert pair.meta == {"question_id": "q", "language": "English", "hard_prompt": False, "is_code": True}


def test_labels_that_are_numbers(pairs):
    row = {"input": "Why?", "output_1": "x", "output_2": "y", "label": 2, "folder": "Adversarial/Manual"}
    (pair,) = pairs("llmbar", [row])
    assert (pair.target, pair.meta) == (0.0, {"folder": "Adversarial/Manual"})


def test_an_unknown_label_is_told(problem):
    keys = "(set data.format.first_wins, data.format.second_wins or data.format.ties)"
    expected = f'`label` must be one of A>B, B>A, got "A=B" {keys}'
    assert problem("judge_bench", JUDGE | {"label": "A=B"}) == expected
    assert "`response_A` is missing" in problem("judge_bench", {"label": "A>B", "question": "q"})


def said(prompt, *answers):
    return [
        {"role": role, "content": text}
        for role, text in zip(("user", "assistant") * 9, (prompt, *answers), strict=False)
    ]


@pytest.mark.parametrize(
    ("winner", "chosen", "target", "meta"),
    [
        ("model_a", "x", 1.0, {}),
        ("model_b", "y", 1.0, {}),
        ("tie", "x", 0.5, {}),
        ("tie (bothbad)", "x", 0.5, {"both_bad": True}),
    ],
)
def test_an_arena_puts_the_winner_first(pairs, winner, chosen, target, meta):
    row = {"conversation_a": said("Why?", "x"), "conversation_b": said("Why?", "y"), "winner": winner, "language": "de"}
    (pair,) = pairs("arena", [row])
    assert (pair.prompt, pair.chosen, pair.target) == ((Message("user", "Why?"),), chosen, target)
    assert {pair.chosen, pair.rejected} == {"x", "y"}
    assert (pair.margin, pair.meta) == (None, {"language": "de"} | meta)


def test_dialogues_that_part_early_are_responses_of_several_turns(pairs):
    row = {"conversation_a": said("Why?", "x", "And?", "z"), "conversation_b": said("Why?", "y", "And?", "z")}
    (pair,) = pairs("arena", [row | {"winner": "model_b"}])
    assert pair.prompt == (Message("user", "Why?"),)
    assert pair.chosen.turns == (Message("assistant", "y"), Message("user", "And?"), Message("assistant", "z"))
    assert Preference.from_row(json.loads(json.dumps(pair.to_row()))) == pair


@pytest.mark.parametrize(
    ("a", "b", "tie", "chosen", "target"),
    [("1", "0", "0", "x", 1.0), (0, 1, 0, "y", 1.0), (0, 0, 1, "x", 0.5), (True, False, False, "x", 1.0)],
)
def test_a_table_of_an_arena(pairs, a, b, tie, chosen, target):
    row = {"prompt": '["Why?"]', "response_a": '["x"]', "response_b": '["y"]', "winner_model_a": a}
    (pair,) = pairs("arena_table", [row | {"winner_model_b": b, "winner_tie": tie}])
    assert (pair.prompt, pair.chosen, pair.target) == ((Message("user", "Why?"),), chosen, target)
    assert pair.margin is None


def test_one_winner_of_several_columns_never_makes_losses_of_ties(problem):
    row = {"prompt": "p", "response_a": "x", "response_b": "y", "winner_model_a": 0, "winner_tie": 1}
    names = ["first=response_a", "second=response_b", "label=winner_model_a", "first_wins=[1]", "second_wins=[0]"]
    assert "`winner_tie` says that neither won" in problem("sides", row, *names)
    columns = ["chosen=response_a", "rejected=response_b", "target=winner_model_a"]
    assert "`winner_tie` says that neither won" in problem("columns", row, *columns)


HELPSTEER3 = {"context": said("Why?"), "response1": "x", "response2": "y", "domain": "code"}


@pytest.mark.parametrize(
    ("preference", "chosen", "target", "margin"), [(-3, "x", 1, 3), (-1, "x", 1, 1), (0, "x", 0.5, 0), (2, "y", 1, 2)]
)
def test_a_signed_strength(pairs, preference, chosen, target, margin):
    (pair,) = pairs("helpsteer3", [HELPSTEER3 | {"overall_preference": preference}])
    assert (pair.chosen, pair.target, pair.margin, pair.meta) == (chosen, target, margin, {"domain": "code"})
    assert pair.prompt == (Message("user", "Why?"),)


@pytest.mark.parametrize(("preference", "chosen", "target"), [(-3, "x", 1), (1, "y", 2 / 3), (0, "x", 0.5)])
def test_a_strength_as_soft_label(pairs, preference, chosen, target):
    (pair,) = pairs("helpsteer3", [HELPSTEER3 | {"overall_preference": preference}], "certain=3")
    assert (pair.chosen, pair.margin) == (chosen, None)
    assert pair.target == pytest.approx(target)


def test_a_strength_above_the_certain_one_is_told(problem):
    row = HELPSTEER3 | {"overall_preference": -3}
    assert "must be at most data.format.certain=2, got 3" in problem("helpsteer3", row, "certain=2")


PKU = {
    "prompt": "Why?", "response_0": "x", "response_1": "y", "is_response_0_safe": True, "is_response_1_safe": False,
    "better_response_id": 1, "safer_response_id": 0,
}  # fmt: skip


@pytest.mark.parametrize(("overrides", "chosen"), [([], "y"), (["label=safer_response_id"], "x")])
def test_the_better_or_the_safer_one_and_both_are_kept(pairs, overrides, chosen):
    (pair,) = pairs("safe_rlhf", [PKU], *overrides)
    assert (pair.chosen, pair.target) == (chosen, 1.0)
    assert (pair.meta["better_response_id"], pair.meta["safer_response_id"]) == (1, 0)


@pytest.mark.parametrize(
    ("scores", "chosen", "target", "margin"),
    [((0.5, -0.5), "x", 1, 1), ((-0.25, 0.25), "y", 1, 0.5), ((0, 0), "x", 0.5, 0)],
)
def test_two_scores_with_what_was_cited(pairs, scores, chosen, target, margin):
    quotes = {"quotes_0": {"title": ["t"]}, "quotes_1": {"title": []}}
    row = {"question": {"full_text": "Why?", "id": "7"}, "answer_0": "x", "answer_1": "y", **quotes}
    (pair,) = pairs("webgpt", [row | {"score_0": scores[0], "score_1": scores[1]}])
    assert (pair.prompt, pair.chosen, pair.target, pair.margin) == ("Why?", chosen, target, margin)
    assert pair.meta["quotes_0"] == {"title": ["t"]}


@pytest.mark.parametrize(("choice", "chosen"), [(0, "x"), (1, "y"), ("1", "y")])
def test_a_choice_among_two_summaries(pairs, choice, chosen):
    row = {"info": {"post": "Long.", "id": "1"}, "summaries": [{"text": "x"}, {"text": "y"}], "choice": choice}
    (pair,) = pairs("summarize_from_feedback", [row])
    assert (pair.prompt, pair.chosen, pair.target) == ("Long.", chosen, 1.0)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["positive=third"], "data.format.positive must be null, first or second, got third"),
        (["certain=0"], "data.format.certain takes a number > 0 or null, got 0"),
        (["label=[a]"], "data.format.label must be one column or two, got 1"),
    ],
)
def test_options_that_make_no_sense(pairs, overrides, message):
    with pytest.raises(ValueError, match=message):
        pairs("sides", [], *overrides)


@pytest.mark.parametrize(
    ("preference", "chosen", "target", "margin"), [(-3, "x", 1, 3), (2, "y", 1, 2), (0, "x", 0.5, 0)]
)
def test_helpsteer2_preference(pairs, preference, chosen, target, margin):
    row = {"split": "train", "prompt": "p", "response_1": "x", "response_2": "y", "preference_strength": preference}
    (pair,) = pairs("helpsteer2_preference", [row])
    assert (pair.chosen, pair.target, pair.margin, pair.meta) == (chosen, target, margin, {"split": "train"})


def test_summaries_of_a_post_or_of_an_article(pairs, problem):
    row = {"summaries": [{"text": "x"}, {"text": "y"}], "choice": 1}
    posts = [{"post": "Long.", "article": None}, {"post": None, "article": "News."}, {"article": "More."}]
    made = pairs("summarize_from_feedback", [row | {"info": info} for info in posts])
    assert [pair.prompt for pair in made] == ["Long.", "News.", "More."]
    message = "one of `info.post`, `info.article` must hold the prompt, got none"
    assert message in problem("summarize_from_feedback", row | {"info": {"post": None}})
