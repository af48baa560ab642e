import pytest

from rmexp.scored import Scored


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf")])
def test_a_score_is_finite(score):
    with pytest.raises(ValueError, match="record x: a score must be finite, got"):
        Scored("x", (0.0, score), (1, 1), (False, False))


def test_figures_of_a_scored_record_have_one_length():
    with pytest.raises(ValueError, match="record x: scores, tokens and truncated must have the same length"):
        Scored("x", (0.0,), (1, 2), (False,))
