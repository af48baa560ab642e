"""The truncation rule on bare token ids; tests/data/test_encode.py has it on texts."""

import itertools

import pytest

from rmexp.encoding.truncation import fit


def sides(prompt, response, begin):
    return [0] * begin + list(range(1, prompt + 1)), [*range(100, 100 + response), 999]


@pytest.mark.parametrize("rule", ["cut_prompt", "cut_response"])
def test_what_is_kept_fits_and_keeps_its_ends(rule):
    for prompt, response, begin, limit in itertools.product(range(5), range(5), (0, 1), range(2, 12)):
        whole = sides(prompt, response, begin)
        kept = fit(*whole, limit, rule, begin)
        assert len(kept[0]) + len(kept[1]) == min(limit, len(whole[0]) + len(whole[1])), "as much as fits"
        assert kept[1][-1] == 999
        assert kept[1][:-1] == whole[1][: len(kept[1]) - 1], "a response is cut from the right"
        assert kept[0][:begin] == whole[0][:begin]
        rest = len(kept[0]) - begin
        assert kept[0][begin:] == whole[0][len(whole[0]) - rest :], "a prompt is cut from the left"
        if response and limit > begin + 1:
            assert len(kept[1]) > 1, "something to score"


def test_an_end_of_several_tokens_is_cut_last():
    prompt, response = [0, 1, 2], [100, 101, 102, 998, 999]
    assert fit(prompt, response, 5, "cut_response", 1, 2) == ([0, 2], [100, 998, 999])
    assert fit(prompt, response, 5, "cut_prompt", 1, 2) == ([0], [100, 101, 998, 999])
    assert fit(prompt, response, 2, "cut_prompt", 1, 2) == ([0], [999])
    assert fit(prompt, response, 4, "cut_prompt", 1, 0) == ([0], [100, 101, 102])


def test_the_named_side_is_cut_first():
    prompt, response = sides(4, 3, 1)
    assert fit(prompt, response, 6, "cut_prompt", 1) == ([0, 4], response)
    assert fit(prompt, response, 7, "cut_response", 1) == (prompt, [100, 999])
    assert fit(prompt, response, 8, "drop", 1) is None
    assert fit(prompt, response, 9, "drop", 1) == (prompt, response)
