import pytest
import torch

from rmexp.losses.dpo import dpo_loss
from rmexp.losses.ipo import ipo_loss


def random_logps(rows=300):
    return list(-300 * torch.rand(4, rows, generator=torch.Generator().manual_seed(0), dtype=torch.float64))


def test_a_number_derived_by_hand():
    # log-ratios 1 and -2 lead by 3; beta 1/4 asks for 2; (3 - 2)^2
    loss = ipo_loss(*torch.tensor([[-4.0], [-7.0], [-5.0], [-5.0]]), beta=0.25)
    assert loss.losses.item() == pytest.approx(1)
    assert (loss.chosen_rewards.item(), loss.rejected_rewards.item()) == (0.25, -0.5)


def test_the_best_margin_of_rewards_is_the_label_minus_one_half():
    for target in (0.0, 0.3, 0.5, 1.0):
        wanted = (target - 0.5) / 0.2  # over beta: the mean of +-1 / (2 beta) under the label
        chosen = torch.tensor([wanted], dtype=torch.float64, requires_grad=True)
        label = torch.tensor([target], dtype=torch.float64)
        loss = ipo_loss(chosen, *torch.zeros(3, 1, dtype=torch.float64), beta=0.2, target=label)
        loss.losses.sum().backward()
        assert chosen.grad.item() == pytest.approx(0, abs=1e-12)
        assert (loss.chosen_rewards - loss.rejected_rewards).item() == pytest.approx(target - 0.5)


def test_rewards_are_those_of_dpo_and_swapping_changes_nothing():
    a, b, c, d = logps = random_logps()
    ours, dpo = ipo_loss(*logps, beta=0.1), dpo_loss(*logps, beta=0.1)
    assert torch.equal(ours.chosen_rewards, dpo.chosen_rewards)
    assert torch.equal(ours.rejected_rewards, dpo.rejected_rewards)
    target = torch.full_like(a, 0.3)
    before, after = ipo_loss(*logps, beta=0.1, target=target), ipo_loss(b, a, d, c, beta=0.1, target=1 - target)
    torch.testing.assert_close(before.losses, after.losses)


def test_gradient_and_beta():
    logps = [(rows[:6] / 30).requires_grad_() for rows in random_logps()]
    assert torch.autograd.gradcheck(lambda *values: ipo_loss(*values, beta=0.7).losses, logps)
    assert not ipo_loss(*logps, beta=0.7).chosen_rewards.requires_grad
    with pytest.raises(ValueError, match=r"`beta` must be > 0, got 0 \(set loss.beta\)"):
        ipo_loss(*logps, beta=0)
