import numpy as np
import pytest

from rmexp.comparison.flips import flips


def by_kind(rows):
    return {row.kind: (row.flipped.n, row.flipped.value, row.sum_right.value) for row in rows}


def test_a_flip_by_hand():
    # 12 prompt tokens with nothing to say; the sum prefers the short response, -2 over -3, the mean the long one
    sums = np.array([[-3.0, -2.0]])
    means = sums / (12 + np.array([[60, 12]]))
    assert means[0, 0] > means[0, 1]
    found = by_kind(flips(sums, means, [[60, 12]], [1.0], [0]))
    assert found["all"] == (1, 1.0, 0.0)
    assert found["the sum puts the shorter one first"] == (1, 1.0, 0.0)
    assert "the sum puts the longer one first" not in found
    turned = by_kind(flips(sums, means, [[60, 12]], [0.0], [0]))  # the short one is the better one
    assert turned["all"] == (1, 1.0, 1.0)


def test_the_kinds_of_one_aspect_part_the_pairs_and_ties_are_left_out():
    rng = np.random.default_rng(0)
    sums, tokens = rng.normal(size=(300, 2)), rng.integers(5, 60, (300, 2))
    target = rng.choice([0.0, 0.5, 1.0], 300)
    rows = flips(sums, sums / (tokens + 20), tokens, target, range(len(target)))
    found = by_kind(rows)
    pairs = int((target != 0.5).sum())
    assert found["all"][0] == pairs
    for start in ("lengths", "margin"):
        assert sum(n for kind, (n, _, _) in found.items() if kind.startswith(start)) == pairs
    assert sum(n for kind, (n, _, _) in found.items() if "sums" in kind) == pairs
    flipped = np.sign(sums[:, 0] - sums[:, 1]) != np.sign(np.diff(sums / (tokens + 20))[:, 0] * -1)
    assert found["all"][1] == pytest.approx(float(flipped[target != 0.5].mean()))


def test_dividing_both_by_the_same_number_flips_nothing():
    sums = np.random.default_rng(1).normal(size=(50, 2))
    assert by_kind(flips(sums, sums / 40, np.full((50, 2), 10), np.ones(50), range(50)))["all"][1:] == (0.0, None)
