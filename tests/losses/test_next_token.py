import torch
from torch.nn.functional import cross_entropy

from rmexp.losses.next_token import next_token_loss


def test_the_mean_is_the_cross_entropy_over_all_response_tokens():
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(4, 8, 260, generator=generator, dtype=torch.float64)
    labels = torch.randint(260, (4, 8), generator=generator)
    labels[torch.arange(8) >= torch.tensor([8, 1, 5, 2])[:, None]] = -100
    expected = cross_entropy(logits.flatten(0, 1), labels.flatten())
    sums = -cross_entropy(logits.transpose(1, 2), labels, reduction="none").sum(dim=1)
    losses = next_token_loss(sums, torch.tensor([8, 1, 5, 2]))
    assert losses.shape == (4,)
    torch.testing.assert_close(losses.mean(), expected, rtol=1e-6, atol=0)


def test_a_token_weighs_the_same_in_a_short_and_a_long_response():
    logps = torch.tensor([-3.0, -30.0], requires_grad=True)
    next_token_loss(logps, torch.tensor([1, 99])).mean().backward()
    torch.testing.assert_close(logps.grad, torch.full((2,), -0.01))
