import numpy as np
import pytest

from rmexp.selection.best_of_n import Pool, best_of_n_curve
from rmexp.selection.seen_pools import curves

POOLS = [Pool(np.array([0.0, float(index)]), np.array([1.0, 0.0])) for index in range(4)]
MARKS = ["pair", "no", "prompt", None]


@pytest.mark.parametrize(("keep", "counted"), [(False, POOLS[1:]), (True, POOLS)])
def test_what_was_trained_on_is_a_part_and_counted_only_where_it_is_kept(keep, counted):
    whole, slices = curves(POOLS, MARKS, keep=keep)
    assert whole == best_of_n_curve(counted)
    assert slices == {"trained on": best_of_n_curve(POOLS[:1]), "prompts trained on": best_of_n_curve(POOLS[2:3])}


def test_without_an_unseen_prompt_there_is_no_curve():
    whole, slices = curves(POOLS, ["pair"] * 4, keep=False)
    assert (whole.points, whole.fit, whole.prompts) == ((), None, 0)
    assert slices["trained on"].prompts == 4


def test_without_a_claim_the_curve_is_of_all():
    assert curves(POOLS, [None] * 4, keep=False) == (best_of_n_curve(POOLS), {})
