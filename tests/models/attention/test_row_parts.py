import copy

import pytest
import torch

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention.row_parts import in_parts, row_parts
from rmexp.models.likelihood import Likelihood
from rmexp.models.reward_model import RewardModel

PROMPTS = [tuple(range(10 + 7 * n, 16 + 8 * n)) for n in range(4)]
RESPONSES = [
    ResponseTokens((*prompt, *range(100, 103 + 2 * n)), len(prompt), False) for prompt in PROMPTS for n in range(3)
]


def functions(tiny_model):
    model = copy.deepcopy(tiny_model.causal_lm)
    torch.manual_seed(0)
    return (model, RewardModel(model.base_model)), (model, Likelihood(model, "auto").response)


@pytest.mark.parametrize("max_tokens", [16, 30, 60])
def test_parts_hold_every_response_within_the_limit(max_tokens):
    batch = response_batch(RESPONSES)
    parts = row_parts(batch, max_tokens)
    assert sorted(index for part in parts for index in part) == list(range(12))
    rows = [response_batch([RESPONSES[index] for index in part]) for part in parts]
    assert all(len(row.token_ids) <= max_tokens for row in rows)
    assert len(parts) < 12 or max_tokens == 16


@pytest.mark.parametrize("max_tokens", [16, 30, 60, 1000, None])
def test_figures_and_gradients_are_those_of_the_whole_batch(tiny_model, max_tokens):
    batch = response_batch(RESPONSES)
    for model, function in functions(tiny_model):
        results = []
        for limit in (None, max_tokens):
            model.zero_grad()
            figures = in_parts(function, batch, limit)
            figures.square().mean().backward()
            results.append([figures.detach(), *(p.grad.clone() for p in model.parameters() if p.grad is not None)])
        for whole, parted in zip(*results, strict=True):
            torch.testing.assert_close(whole, parted, rtol=1e-4, atol=1e-5 * float(whole.abs().max()))


def test_only_one_part_is_held_at_a_time(tiny_model):
    model = RewardModel(copy.deepcopy(tiny_model.body))
    batch = response_batch(RESPONSES)

    def kept(limit):
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: sizes.append(tensor.numel()) or tensor, lambda x: x
        ):
            in_parts(model, batch, limit)
        return sum(sizes)

    assert kept(30) < 0.3 * kept(None)
