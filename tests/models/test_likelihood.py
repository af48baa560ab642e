from dataclasses import replace

import pytest
import torch

from rmexp.encoding.pack import response_batch
from rmexp.models.likelihood import Likelihood

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(params=["packed", "padded"])
def likelihood(tiny_model, request):
    return Likelihood(tiny_model.causal_lm, request.param)


@torch.no_grad()
@pytest.mark.parametrize("prompt_lengths", [(5, 1, 3, 4), (0, 0, 0, 0), (5, 2, 3, 4), (8, 2, 6, 4), (0, 2, 3, 4)])
def test_prompt_and_response_are_summed_apart(likelihood, plain, responses, prompt_lengths):
    some = [replace(row, prompt_tokens=count) for row, count in zip(responses, prompt_lengths, strict=True)]
    expected = plain.logps(likelihood.causal_lm, some)
    whole = plain.logps(likelihood.causal_lm, [replace(row, prompt_tokens=0) for row in responses])
    batch = response_batch(some)
    torch.testing.assert_close(likelihood.response(batch).double(), expected, **CLOSE)
    both = likelihood.prompt_and_response(batch).double()
    torch.testing.assert_close(both[:, 1], expected, **CLOSE)
    torch.testing.assert_close(both.sum(1), whole, **CLOSE)


@torch.no_grad()
def test_batch_mates_change_nothing(likelihood, responses, batch):
    together = likelihood.response(batch)
    for row in range(4):
        alone = likelihood.response(response_batch(responses[row : row + 1]))
        torch.testing.assert_close(alone, together[row : row + 1], **CLOSE)


@torch.no_grad()
def test_tokens_that_responses_share_count_for_each_of_them(likelihood, plain, responses):
    start = responses[0].token_ids
    some = [replace(responses[0], token_ids=(*start, extra), prompt_tokens=2) for extra in (7, 8, 9)]
    batch = response_batch(some)
    assert batch.shared_lengths.tolist() == [9, 9, 9]
    torch.testing.assert_close(likelihood.response(batch).double(), plain.logps(likelihood.causal_lm, some), **CLOSE)
