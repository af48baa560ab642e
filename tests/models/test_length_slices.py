import copy
from functools import partial

import pytest
import torch

from rmexp.batches import ResponseBatch
from rmexp.models.language_model import response_logprobs
from rmexp.models.length_slices import MOST_SLICES, in_length_slices, slice_starts
from rmexp.models.reward_model import RewardModel


@pytest.fixture(scope="module")
def uneven():
    """48 sequences, most of them short, in no order."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(2, 90, (48,), generator=generator) // torch.randint(1, 9, (48,), generator=generator) + 2
    ids = torch.randint(6, 260, (48, int(lengths.max())), generator=generator)
    return ResponseBatch(ids, lengths, lengths // 3)


def figures(kind, model):
    return RewardModel(model.base_model) if kind == "reward" else partial(response_logprobs, model)


@pytest.mark.parametrize("kind", ["reward", "logprobs"])
def test_figures_and_gradients_are_those_of_the_whole_batch(kind, tiny_model, uneven):
    model = copy.deepcopy(tiny_model.causal_lm)
    torch.manual_seed(0)
    function = figures(kind, model)
    calls = []

    def watched(batch):
        calls.append(batch.token_ids.shape)
        return function(batch)

    results = []
    for compute in (function, partial(in_length_slices, watched)):
        model.zero_grad()
        values = compute(uneven)
        values.square().mean().backward()
        results.append((values.detach(), [p.grad.clone() for p in model.parameters() if p.grad is not None]))
    assert 1 < len(calls) <= MOST_SLICES
    assert sum(rows for rows, _ in calls) == 48
    assert sum(rows * longest for rows, longest in calls) < 0.6 * uneven.token_ids.numel()
    torch.testing.assert_close(results[0][0], results[1][0], rtol=1e-5, atol=1e-5)
    for whole, sliced in zip(results[0][1], results[1][1], strict=True):
        torch.testing.assert_close(whole, sliced, rtol=1e-4, atol=1e-4 * float(whole.abs().max()))


def test_slices_are_worth_their_cost():
    assert slice_starts([7]) == [0]
    assert slice_starts([30] * 64) == [0]
    assert slice_starts([*range(1, 9)]) == [0]
    starts = slice_starts([*range(10, 138)])
    assert starts[0] == 0
    assert 3 <= len(starts) <= MOST_SLICES
