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


def test_batches_of_like_length_sum_to_what_mixed_ones_do():
    # One token of 20 against one of 2: a mean within each batch would let the short batch weigh ten times as much.
    logps, tokens = torch.tensor([-2.0, -2.0, -20.0, -20.0]), torch.tensor([2, 2, 20, 20])

    def slope(batches, **options):
        leaf = logps.clone().requires_grad_()
        sum(next_token_loss(leaf[rows], tokens[rows], **options).sum() for rows in batches).backward()
        return leaf.grad

    by_length, mixed = [[0, 1], [2, 3]], [[0, 2], [1, 3]]
    assert torch.equal(slope(by_length, mean_tokens=11.0), slope(mixed, mean_tokens=11.0))
    assert slope(by_length)[0] == 10 * slope(by_length)[2]
