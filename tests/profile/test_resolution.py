"""What the split of a data set can tell, against accuracies whose truth is known."""

import numpy as np
import pytest

from rmexp.evaluation.measures.accuracy import clustered_accuracy
from rmexp.profile.resolution import half_widths, resolution
from rmexp.records import Preference

SIZES = {
    "one pair a prompt": np.ones(150, int),
    "six pairs a prompt": np.full(60, 6),
    "unequal prompts": np.tile([1, 1, 2, 3, 5, 9], 20),
}


def pairs(prompts, each=1, ties=0):
    count = prompts * each
    return [Preference(f"p{i % prompts}", f"a{i}", f"b{i}", target=float(i >= ties) or 0.5) for i in range(count)]


def right(sizes, alike, draws, truth=0.5):
    """(draws, N) whether a model is right: by a coin of each pair, or of each cluster."""
    shape = (draws, len(sizes) if alike else sizes.sum())
    coins = np.random.default_rng(1).random(shape) < truth
    return np.repeat(coins, sizes, axis=1) if alike else coins


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("alike", [False, True])
def test_an_accuracy_is_as_near_to_the_truth_as_was_said(sizes, alike):
    said = half_widths(sizes)[alike]
    errors = np.abs(right(sizes, alike, 4000).mean(axis=1) - 0.5)
    assert np.quantile(errors, 0.95) == pytest.approx(said, rel=0.12)
    nearer = np.abs(right(sizes, alike, 4000, truth=0.9).mean(axis=1) - 0.9)
    assert np.quantile(nearer, 0.95) < said


@pytest.mark.parametrize("sizes", [*SIZES.values(), np.full(4, 50), np.ones(12, int)])
@pytest.mark.parametrize("alike", [False, True])
def test_it_is_what_an_evaluation_says_afterwards(sizes, alike):
    clusters, target = np.repeat(np.arange(len(sizes)), sizes), np.ones(sizes.sum())
    found = [
        clustered_accuracy(np.stack([credit, 1 - credit], axis=1), target, clusters)
        for credit in right(sizes, alike, 200).astype(float)
    ]
    half_width = np.mean([one.high - one.low for one in found]) / 2
    assert half_widths(sizes)[alike] == pytest.approx(half_width, rel=0.05)


def test_pairs_that_are_alike_tell_less():
    apart, alike = half_widths(np.full(100, 4))
    assert apart == pytest.approx(0.049, abs=0.002), "as 400 pairs"
    assert alike == pytest.approx(0.097, abs=0.002), "as 100"


def test_it_is_of_a_split_that_did_not_choose_the_step_without_its_ties():
    splits = {"train": pairs(9), "val": pairs(20), "test": pairs(25, each=2, ties=10), "unseen": pairs(30)}
    found = resolution(splits, None)
    assert (found.split, found.pairs, found.clusters) == ("test", 40, 25)
    assert resolution({name: splits[name] for name in ("train", "val", "unseen")}, None).split == "unseen"
    assert resolution({name: splits[name] for name in ("train", "val")}, None).split == "val"


def test_where_nothing_can_be_told():
    assert resolution({"train": pairs(9)}, None) is None
    assert resolution({"train": pairs(9), "val": pairs(3, ties=3)}, None) is None
    one = resolution({"train": pairs(9), "val": pairs(1, each=5)}, None)
    assert (one.pairs, one.clusters, one.half_width, one.half_width_alike) == (5, 1, None, None)
