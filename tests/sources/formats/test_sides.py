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
    expected = '`label` must be one of A>B, B>A, got "A=B"'
    assert problem("judge_bench", JUDGE | {"label": "A=B"}) == expected
    assert "`response_A` is missing" in problem("judge_bench", {"label": "A>B", "question": "q"})
