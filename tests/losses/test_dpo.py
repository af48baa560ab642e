import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from rmexp.losses.dpo import dpo_loss


def random_logps(rows=500):
    return list(-300 * torch.rand(4, rows, generator=torch.Generator().manual_seed(0), dtype=torch.float64))


def test_a_number_derived_by_hand():
    # rewards 0.5 (ln 3 - 0) and 0.5 (0 - ln 3): their lead is ln 3, and -ln sigmoid(ln 3) = ln(4/3)
    shift = math.log(3.0)
    loss = dpo_loss(*torch.tensor([[-1.0 + shift], [-4.0], [-1.0], [-4.0 + shift]]), beta=0.5)
    assert loss.losses.item() == pytest.approx(math.log(4 / 3))
    assert loss.chosen_rewards.item() == pytest.approx(shift / 2)
    assert loss.rejected_rewards.item() == pytest.approx(-shift / 2)


@pytest.mark.parametrize("beta", [0.01, 0.1, 2.0])
def test_cross_entropy_of_torch(beta):
    policy_chosen, policy_rejected, reference_chosen, reference_rejected = logps = random_logps()
    logits = beta * ((policy_chosen - policy_rejected) - (reference_chosen - reference_rejected))
    target = torch.rand(len(logits), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = binary_cross_entropy_with_logits(logits, target, reduction="none")
    torch.testing.assert_close(dpo_loss(*logps, beta=beta, target=target).losses, expected)
    certain = binary_cross_entropy_with_logits(logits, torch.ones_like(logits), reduction="none")
    torch.testing.assert_close(dpo_loss(*logps, beta=beta).losses, certain)


def test_policy_equal_to_its_reference_has_no_reward_and_loss_ln_2():
    chosen, rejected = (logps.float() for logps in random_logps()[:2])
    loss = dpo_loss(chosen, rejected, chosen, rejected, beta=0.1)
    assert loss.chosen_rewards.tolist() == loss.rejected_rewards.tolist() == [0.0] * len(chosen)
    torch.testing.assert_close(loss.losses, torch.full_like(chosen, math.log(2)))


def test_swapping_sides_and_target_changes_nothing():
    a, b, c, d = random_logps()
    target = torch.full_like(a, 0.3)
    before, after = dpo_loss(a, b, c, d, beta=0.1, target=target), dpo_loss(b, a, d, c, beta=0.1, target=1 - target)
    torch.testing.assert_close(before.losses, after.losses)
    assert torch.equal(before.chosen_rewards, after.rejected_rewards)


def test_gradient_flows_through_the_losses_alone():
    logps = [(rows[:6] / 30).requires_grad_() for rows in random_logps()]
    assert torch.autograd.gradcheck(lambda *values: dpo_loss(*values, beta=0.7).losses, logps)
    loss = dpo_loss(*logps, beta=0.7)
    assert loss.losses.requires_grad
    assert not loss.chosen_rewards.requires_grad
    assert not loss.rejected_rewards.requires_grad


@pytest.mark.parametrize("beta", [0.0, -0.1, float("nan")])
def test_beta_is_positive(beta):
    with pytest.raises(ValueError, match=rf"`beta` must be > 0, got {beta} \(set loss.beta\)"):
        dpo_loss(*torch.zeros(4, 1), beta=beta)
