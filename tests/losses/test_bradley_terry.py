import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from rmexp.losses.bradley_terry import bradley_terry_loss


def random_rows(rows=1000):
    generator = torch.Generator().manual_seed(0)
    chosen, rejected = 10 * torch.randn(2, rows, generator=generator, dtype=torch.float64)
    return chosen, rejected, torch.rand(rows, generator=generator, dtype=torch.float64)


def test_a_number_derived_by_hand():
    # -ln sigmoid(ln 3) = -ln(3/4); with target 1/4: -(1/4) ln(3/4) - (3/4) ln(1/4)
    lead, zero = torch.tensor([math.log(3.0)]), torch.zeros(1)
    assert bradley_terry_loss(lead, zero).item() == pytest.approx(math.log(4 / 3))
    mixed = 0.25 * math.log(4 / 3) + 0.75 * math.log(4)
    assert bradley_terry_loss(lead, zero, target=torch.tensor([0.25])).item() == pytest.approx(mixed)


def test_cross_entropy_of_torch():
    chosen, rejected, target = random_rows()
    for given in (None, target):
        expected = torch.ones_like(target) if given is None else given
        reference = binary_cross_entropy_with_logits(chosen - rejected, expected, reduction="none")
        torch.testing.assert_close(bradley_terry_loss(chosen, rejected, target=given), reference)
        ours = bradley_terry_loss(chosen.float(), rejected.float(), target=None if given is None else given.float())
        torch.testing.assert_close(ours.double(), reference, rtol=1e-5, atol=1e-5)


def test_swapping_sides_and_target_changes_nothing():
    chosen, rejected, target = random_rows()
    before = bradley_terry_loss(chosen, rejected, target=target)
    torch.testing.assert_close(bradley_terry_loss(rejected, chosen, target=1 - target), before, rtol=1e-15, atol=0)


def test_equal_rewards_cost_ln_2_whatever_the_target():
    rewards = torch.tensor([-5.0, 0.0, 7.0])
    losses = bradley_terry_loss(rewards, rewards, target=torch.tensor([0.0, 0.5, 1.0]))
    torch.testing.assert_close(losses, torch.full((3,), math.log(2)))


def test_far_apart_rewards_neither_overflow_nor_vanish():
    far = torch.tensor([1e4], requires_grad=True)
    assert bradley_terry_loss(far, -far).item() == 0
    wrong = bradley_terry_loss(-far, far)
    assert wrong.item() == 2e4
    wrong.sum().backward()
    assert far.grad.item() == 2


def test_gradient():
    chosen, rejected, target = (rows[:8].clone() / 5 for rows in random_rows())
    chosen.requires_grad_()
    rejected.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: bradley_terry_loss(a, b), (chosen, rejected))
    assert torch.autograd.gradcheck(lambda a, b: bradley_terry_loss(a, b, target=target), (chosen, rejected))
