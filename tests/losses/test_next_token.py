import torch
from torch.nn.functional import cross_entropy

from rmexp.losses.next_token import next_token_loss
from rmexp.losses.sequence_logprobs import sequence_logprobs


def test_the_mean_is_the_cross_entropy_over_all_response_tokens(batch):
    logits = torch.randn(4, 9, 260, generator=torch.Generator().manual_seed(1))
    labels = batch.token_ids.clone()
    position = torch.arange(9)
    labels[(position < batch.prompt_lengths[:, None]) | (position >= batch.lengths[:, None])] = -100
    expected = cross_entropy(logits[:, :-1].flatten(0, 1).double(), labels[:, 1:].flatten())
    logps = sequence_logprobs(logits, batch.token_ids, batch.lengths, batch.prompt_lengths)
    losses = next_token_loss(logps, batch.response_tokens)
    assert losses.shape == (4,)
    torch.testing.assert_close(losses.mean().double(), expected, rtol=1e-6, atol=0)


def test_a_token_weighs_the_same_in_a_short_and_a_long_response():
    logps = torch.tensor([-3.0, -30.0], requires_grad=True)
    next_token_loss(logps, torch.tensor([1, 99])).mean().backward()
    torch.testing.assert_close(logps.grad, torch.full((2,), -0.01))
