import pytest
import torch

from rmexp.losses.clipped_surrogate import clipped_surrogate_loss, clipped_value_loss


def slow_surrogate(ratio, advantage, clip):
    held = min(max(ratio, 1 - clip), 1 + clip)
    return -min(ratio * advantage, held * advantage)


@pytest.mark.parametrize("clip", [0.1, 0.2])
def test_a_slow_reference(clip):
    logps, old, advantages = torch.randn(3, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64) / 3
    found = clipped_surrogate_loss(logps, old, advantages, clip=clip)
    ratios = (logps - old).exp().tolist()
    expected = [slow_surrogate(*pair, clip) for pair in zip(ratios, advantages.tolist(), strict=True)]
    assert found.losses.tolist() == pytest.approx(expected)


def test_figure_1_of_the_paper():
    # Above 1 + clip a good token gains nothing more; below 1 - clip a bad one loses nothing more; else all counts.
    cases = [(1.5, 1.0, -1.2), (0.5, 1.0, -0.5), (1.5, -1.0, 1.5), (0.5, -1.0, 0.8), (1.1, 2.0, -2.2)]
    for ratio, advantage, loss in cases:
        logp = torch.tensor(ratio).log().requires_grad_()
        found = clipped_surrogate_loss(logp, torch.tensor(0.0), torch.tensor(advantage), clip=0.2)
        found.losses.backward()
        assert found.losses.item() == pytest.approx(loss)
        assert found.clipped.item() is (logp.grad.item() == 0)


def test_before_any_update_the_gradient_is_that_of_reinforce():
    old, advantages = torch.randn(2, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    logps = old.clone().requires_grad_()
    found = clipped_surrogate_loss(logps, old, advantages, clip=0.2)
    found.losses.sum().backward()
    torch.testing.assert_close(logps.grad, -advantages)
    assert not found.clipped.any()


def test_values_move_by_the_clip_at_most():
    # 0.5 is clipped to 0.2: (0.2 - 1)^2 / 2; 0.1 is not: (0.1 - 1)^2 / 2; 3 is off by more than its clipped self
    values, returns = torch.tensor([0.5, 0.1, 3.0], requires_grad=True), torch.ones(3)
    losses = clipped_value_loss(values, torch.zeros(3), returns, clip=0.2)
    torch.testing.assert_close(losses, torch.tensor([0.32, 0.405, 2.0]))
    losses.sum().backward()
    assert values.grad.tolist() == pytest.approx([0.0, -0.9, 2.0])
