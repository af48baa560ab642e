import sys
from subprocess import run

import numpy as np
import pytest
import torch

from rmexp.metrics.pair_credit import pair_credit

# chosen, rejected, target -> credit, weight, tie; written out by hand from the rule
CASES = [
    (2.0, 1.0, 1.0, 1.0, 1.0, 0.0),
    (1.0, 2.0, 1.0, 0.0, 1.0, 0.0),
    (1.0, 2.0, 0.0, 1.0, 1.0, 0.0),
    (2.0, 1.0, 0.2, 0.0, 1.0, 0.0),
    (2.0, 1.0, 0.7, 1.0, 1.0, 0.0),
    (1.5, 1.5, 1.0, 0.5, 1.0, 1.0),
    (1.5, 1.5, 0.1, 0.5, 1.0, 1.0),
    (2.0, 1.0, 0.5, 0.0, 0.0, 0.0),
    (1.0, 1.0, 0.5, 0.0, 0.0, 0.0),
    (float("nan"), 1.0, 1.0, 0.0, 1.0, 0.0),
    (1.0, float("nan"), 0.0, 0.0, 1.0, 0.0),
    (float("inf"), float("inf"), 1.0, 0.5, 1.0, 1.0),
]


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_every_case_of_the_rule(make):
    columns = list(zip(*CASES, strict=True))
    result = pair_credit(*(make(column) for column in columns[:3]))
    for got, expected in zip(result, columns[3:], strict=True):
        assert type(got) is type(make([0.0]))
        np.testing.assert_array_equal(np.asarray(got), expected)


def test_numpy_and_torch_give_the_same_on_random_pairs():
    rng = np.random.default_rng(0)
    scores, target = rng.integers(0, 5, (2, 1000)) / 4, rng.integers(0, 5, 1000) / 4
    ours = pair_credit(scores[0], scores[1], target)
    theirs = pair_credit(torch.tensor(scores[0]), torch.tensor(scores[1]), torch.tensor(target))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b.numpy())


def test_swapping_sides_and_label_changes_nothing():
    rng = np.random.default_rng(1)
    chosen, rejected, target = rng.integers(0, 3, 500), rng.integers(0, 3, 500), rng.choice([0.0, 0.25, 0.5, 1.0], 500)
    before, after = pair_credit(chosen, rejected, target), pair_credit(rejected, chosen, 1 - target)
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_constant_scorer_gets_one_half():
    credit = pair_credit(np.zeros(7), np.zeros(7), np.array([1.0, 0.0, 1.0, 0.5, 0.9, 0.1, 0.5]))
    assert credit.credit.sum() / credit.weight.sum() == 0.5


def test_importing_the_rule_imports_no_torch():
    code = "import sys, rmexp.metrics.pair_credit; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0
