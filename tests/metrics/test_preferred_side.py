import numpy as np
import pytest
import torch

from rmexp.metrics.preferred_side import is_tie, preferred_side

CASES = [(1.0, "first"), (0.51, "first"), (0.5, "neither"), (0.49, "second"), (0.0, "second")]


@pytest.mark.parametrize(("target", "better"), CASES)
def test_a_number(target, better):
    assert ("first", "second")[preferred_side(target)] == ("first" if better == "neither" else better)
    assert is_tie(target) == (better == "neither")


@pytest.mark.parametrize("of", [np.array, lambda values: np.array(values, dtype=np.float32), torch.tensor])
def test_arrays_say_the_same_as_numbers_and_can_be_used_as_indices(of):
    targets = [target for target, _ in CASES]
    assert preferred_side(of(targets)).tolist() == [preferred_side(target) for target in targets]
    assert is_tie(of(targets)).tolist() == [is_tie(target) for target in targets]
    listed = of([[1.0, 2.0]] * len(CASES))
    assert listed[list(range(len(CASES))), preferred_side(of(targets))].tolist() == [1.0, 1.0, 1.0, 2.0, 2.0]


def test_exchanging_the_sides_exchanges_the_preferred_one():
    targets = np.array([0.0, 0.25, 0.75, 1.0])
    assert (preferred_side(1 - targets) == 1 - preferred_side(targets)).all()
