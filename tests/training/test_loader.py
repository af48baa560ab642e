import pytest
import torch

from rmexp.data.encode import PairTokens, ResponseTokens
from rmexp.training.loader import PairLoader

PAIRS = [PairTokens(ResponseTokens((5, i), 1, False), ResponseTokens((6, i, i), 1, False), 1.0) for i in range(37)]


def numbers(batch):
    """Which pairs a batch holds."""
    return batch.responses.token_ids[: batch.pairs, 1].tolist()


def make(epochs=3, seed=0, batch_pairs=8, **options):
    return PairLoader(PAIRS, batch_pairs, epochs, seed, **options)


@pytest.mark.parametrize("batch_pairs", [1, 8, 37, 100])
def test_each_epoch_is_a_permutation_and_each_another_one(batch_pairs):
    loader = make(batch_pairs=batch_pairs)
    batches = [numbers(batch) for batch in loader]
    steps = -(-37 // batch_pairs)
    assert len(loader) == len(batches) == 3 * steps
    assert all(len(batch) <= batch_pairs for batch in batches)
    order = [number for batch in batches for number in batch]
    epochs = [order[start : start + 37] for start in (0, 37, 74)]
    assert all(sorted(epoch) == list(range(37)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_a_batch_is_a_function_of_seed_and_step_alone():
    in_turn = [numbers(batch) for batch in make()]
    torch.manual_seed(123)
    asked = make()
    assert [numbers(asked.batch(step)) for step in (14, 0, 7, 7)] == [in_turn[step] for step in (14, 0, 7, 7)]
    assert [numbers(batch) for batch in make(epochs=5)][: len(in_turn)] == in_turn
    assert numbers(make(seed=1).batch(0)) != in_turn[0]


@pytest.mark.parametrize("stop", [0, 1, 4, 5, 6, 14, 15])
def test_resuming_goes_on_with_the_same_batches(stop):
    whole = [numbers(batch) for batch in make()]
    first = make()
    batches = iter(first)
    seen = [numbers(next(batches)) for _ in range(stop)]
    state = first.state_dict()
    assert state == {"done": stop}
    second = make()
    second.load_state_dict(state)
    assert seen + [numbers(batch) for batch in second] == whole
    assert second.state_dict() == {"done": 15}


def test_fewer_batches_than_epochs_hold():
    whole = [numbers(batch) for batch in make()]
    assert [numbers(batch) for batch in make(max_batches=7)] == whole[:7]
    assert len(make(max_batches=1000)) == 15
