import pytest
import torch

from rmexp.training.data.batch_order import Shuffled, Together
from rmexp.training.data.loader import Passes, TrainingLoader

EXAMPLES = list(range(37))
GROUPS = [number % 9 for number in EXAMPLES]  # of 4 or 5


def make(epochs=3, seed=0, order=None, **options):
    return TrainingLoader(EXAMPLES, list, order or Shuffled(37, 8), Passes(epochs, seed, **options))


@pytest.fixture(params=["shuffled", "together"])
def order(request):
    return Shuffled(37, 8) if request.param == "shuffled" else Together(GROUPS, 8)


@pytest.mark.parametrize("size", [1, 8, 37, 100])
def test_each_epoch_is_a_permutation_and_each_another_one(size):
    loader = make(order=Shuffled(37, size))
    batches = list(loader)
    steps = -(-37 // size)
    assert len(loader) == len(batches) == 3 * steps
    assert all(len(batch) <= size for batch in batches)
    order = [number for batch in batches for number in batch]
    epochs = [order[start : start + 37] for start in (0, 37, 74)]
    assert all(sorted(epoch) == EXAMPLES for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_a_batch_is_a_function_of_seed_and_step_alone(order):
    in_turn = list(make(order=order))
    torch.manual_seed(123)
    asked = make(order=order)
    last = len(in_turn) - 1
    assert [asked.batch(step) for step in (last, 0, 7, 7)] == [in_turn[step] for step in (last, 0, 7, 7)]
    assert list(make(epochs=5, order=order))[: len(in_turn)] == in_turn
    assert make(seed=1, order=order).batch(0) != in_turn[0]


@pytest.mark.parametrize("stop", [0, 1, 4, 5, 6, 14, 15])
def test_resuming_goes_on_with_the_same_batches(stop, order):
    whole = list(make(order=order))
    first = make(order=order)
    batches = iter(first)
    seen = [next(batches) for _ in range(stop)]
    assert first.done == stop
    second = make(order=order)
    second.done = stop
    assert seen + list(second) == whole
    assert second.done == len(whole)


def test_before_a_batch_is_where_nothing_of_it_is_counted_yet():
    loader = make(max_batches=3)
    seen = []
    loader.before_batch = lambda: seen.append(loader.done)
    list(loader)
    assert seen == [0, 1, 2]


def test_fewer_batches_than_epochs_hold():
    whole = list(make())
    assert list(make(max_batches=7)) == whole[:7]
    assert len(make(max_batches=1000)) == 15


def test_ranks_share_every_batch_and_none_goes_without(order):
    whole = make(order=order)
    ranks = [make(order=order) for _ in range(3)]
    for rank, loader in enumerate(ranks):
        loader.rank, loader.ranks = rank, 3
    for step in range(len(whole)):
        shares = [loader.batch(step) for loader in ranks]
        assert all(shares)
        assert {number for share in shares for number in share} == set(whole.batch(step))
        assert whole.examples_of(step) == ranks[0].examples_of(step) == list(whole.batch(step))


def test_workers_make_the_same_batches():
    assert list(make(epochs=1, workers=2)) == list(make(epochs=1))
    later = make(epochs=1, workers=1)
    later.done = 3
    assert list(later) == list(make(epochs=1))[3:]
