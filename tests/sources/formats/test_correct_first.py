import pytest

ROW = {
    "id": "tied:3", "prompt": "Name a colour.", "chosen": ["red", "blue"], "rejected": ["cat"], "subset": "Ties",
    "num_correct": 2, "total_completions": 3, "models": ["m"],
}  # fmt: skip


def test_a_row_is_a_list_whose_worth_is_known(pairs):
    (record,) = pairs("reward_bench_2", [ROW])
    assert (record.responses, record.gold) == (("red", "blue", "cat"), (1.0, 1.0, 0.0))
    assert (record.id, record.meta) == ("Ties/tied:3", {"id": "tied:3", "subset": "Ties"})
    assert pairs("reward_bench_2", [ROW], "meta=[num_correct]")[0].meta["num_correct"] == 2


@pytest.mark.parametrize("rejected", [[], "cat", None])
def test_lists_must_be_lists(problem, rejected):
    expected = "`rejected` must be a list of at least one text"
    assert problem("reward_bench_2", ROW | {"rejected": rejected}).startswith(expected)
