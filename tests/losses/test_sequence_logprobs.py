import math

import pytest
import torch

from rmexp.losses.sequence_logprobs import sequence_logprobs


def token_by_token(logits, token_ids, lengths, prompt_lengths):
    """The same sums by a loop over tokens, in float64."""
    sums = []
    for row in range(len(token_ids)):
        total = 0.0
        for position in range(max(int(prompt_lengths[row]), 1), int(lengths[row])):
            scores = logits[row, position - 1].double()
            total += float(scores[token_ids[row, position]]) - math.log(float(scores.exp().sum()))
        sums.append(total)
    return torch.tensor(sums, dtype=torch.float64)


@pytest.fixture
def logits():
    return 3 * torch.randn(4, 9, 260, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("prompt_lengths", [(5, 1, 3, 4), (0, 0, 0, 0), (0, 3, 6, 1)])
def test_a_loop_over_tokens(logits, batch, prompt_lengths):
    prompts = torch.tensor(prompt_lengths)
    sums = sequence_logprobs(logits, batch.token_ids, batch.lengths, prompts)
    assert sums.dtype == torch.float32
    expected = token_by_token(logits, batch.token_ids, batch.lengths, prompts)
    torch.testing.assert_close(sums.double(), expected, rtol=1e-6, atol=1e-6)


def test_a_response_without_tokens_sums_to_zero(logits, batch):
    assert sequence_logprobs(logits, batch.token_ids, batch.lengths, batch.lengths).tolist() == [0.0] * 4


def test_what_pads_and_who_else_is_in_the_batch_change_nothing(logits, batch):
    whole = sequence_logprobs(logits, batch.token_ids, batch.lengths, batch.prompt_lengths)
    padding = torch.arange(9) >= batch.lengths[:, None]
    other_ids = torch.where(padding, 77, batch.token_ids)
    other_logits = torch.where(padding[:, :, None], 1e4, logits)
    assert torch.equal(sequence_logprobs(other_logits, other_ids, batch.lengths, batch.prompt_lengths), whole)
    for row, length in enumerate(batch.lengths):
        alone = sequence_logprobs(
            logits[row : row + 1, :length],
            batch.token_ids[row : row + 1, :length],
            batch.lengths[row : row + 1],
            batch.prompt_lengths[row : row + 1],
        )
        torch.testing.assert_close(alone, whole[row : row + 1], rtol=1e-6, atol=0)


def test_the_gradient_reaches_only_what_predicts_a_response_token(logits, batch):
    logits.requires_grad_()
    sequence_logprobs(logits, batch.token_ids, batch.lengths, batch.prompt_lengths).sum().backward()
    position = torch.arange(9)
    predicts = (position >= batch.prompt_lengths[:, None] - 1) & (position < batch.lengths[:, None] - 1)
    assert torch.equal(logits.grad.abs().sum(-1) > 0, predicts)


def test_long_sums_keep_their_digits():
    # 20,000 tokens of probability 1/3: float32 accumulation would be off by about 0.1
    tokens = 20_001
    sums = sequence_logprobs(
        torch.zeros(1, tokens, 3), torch.zeros(1, tokens, dtype=torch.int64), torch.tensor([tokens]), torch.tensor([1])
    )
    assert sums.item() == pytest.approx(-20_000 * math.log(3), rel=1e-7)
