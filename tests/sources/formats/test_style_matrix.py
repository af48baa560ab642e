import pytest

ROW = {
    "id": 7, "prompt": "Explain maps.", "domain": "chat",
    "chosen": ["short", "long text", "**long** text"], "rejected": ["wrong", "wrong text", "**wrong** text"],
}  # fmt: skip


def test_every_right_response_meets_every_wrong_one(pairs):
    found = pairs("rm_bench", [ROW])
    assert len(found) == 9
    assert [(pair.chosen, pair.rejected) for pair in found[:4]] == [
        ("short", "wrong"), ("short", "wrong text"), ("short", "**wrong** text"), ("long text", "wrong"),
    ]  # fmt: skip
    assert found[5].meta == {"domain": "chat", "row": "7", "chosen_style": 1, "rejected_style": 2}
    assert len({pair.id for pair in found}) == 9


def test_a_pair_that_cannot_be_used_leaves_the_others(outcomes):
    found = outcomes("rm_bench", [ROW | {"rejected": ["short", "b", " "]}])
    assert sum(isinstance(outcome, ValueError) for _, outcome in found) == 1 + 3  # the same text twice; an empty one


@pytest.mark.parametrize("chosen", [["a", "b"], "abc", None])
def test_not_one_response_a_style_is_told(problem, chosen):
    assert problem("rm_bench", ROW | {"chosen": chosen}).startswith("`chosen` must be a list of 3 texts, got")
