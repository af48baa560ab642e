import numpy as np

from rmexp.evaluation.measures.length_parts import length_parts


def test_the_matched_half_is_the_half_that_differs_least():
    rng = np.random.default_rng(0)
    characters, target = rng.integers(1, 500, (101, 2)), rng.choice([0.0, 1.0, 0.5], 101)
    parts = length_parts(characters, target)
    ratio = np.maximum(characters[:, 0] / characters[:, 1], characters[:, 1] / characters[:, 0])
    matched = parts["length=matched"]
    assert matched.sum() == 51
    assert ratio[matched].max() <= ratio[~matched].min()


def test_longer_and_shorter_are_told_by_the_label():
    characters = [[1, 2], [1, 2], [2, 2], [1, 2]]
    parts = length_parts(characters, [1.0, 0.0, 1.0, 0.5])
    assert parts["length=shorter_chosen"].tolist() == [True, False, False, False]
    assert parts["length=longer_chosen"].tolist() == [False, True, False, False]


def test_pairs_of_one_ratio_stay_together():
    assert length_parts([[3, 3]] * 5, [1.0] * 5)["length=matched"].all()
    assert length_parts(np.empty((0, 2)), [])["length=matched"].tolist() == []
