import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.losses.ties import davidson_loss, rao_kupper_loss

WIN, TIE, LOSS = torch.tensor([1.0]), torch.tensor([0.5]), torch.tensor([0.0])


def probabilities(loss, lead, **options):
    """Of win, tie and loss, from the losses of each outcome."""
    rewards = torch.tensor([lead], dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    return [math.exp(-loss(*rewards, **options, target=outcome.double()).item()) for outcome in (WIN, TIE, LOSS)]


@pytest.mark.parametrize("lead", [-3.0, 0.0, 0.7, 5.0])
def test_worths_of_the_papers(lead):
    first, second = math.exp(lead), 1.0
    theta = 1.5
    win, loss = first / (first + theta * second), second / (theta * first + second)
    assert probabilities(rao_kupper_loss, lead, theta=theta) == pytest.approx([win, 1 - win - loss, loss])
    tie = 0.8 * math.sqrt(first * second)
    total = first + second + tie
    expected = [first / total, tie / total, second / total]
    assert probabilities(davidson_loss, lead, nu=0.8) == pytest.approx(expected)


def test_without_ties_both_are_bradley_terry():
    chosen, rejected = torch.randn(2, 100, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    target = torch.rand(100, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for given in (None, target):
        plain = bradley_terry_loss(chosen, rejected, target=given)
        torch.testing.assert_close(rao_kupper_loss(chosen, rejected, theta=1 + 1e-9, target=given), plain)
        torch.testing.assert_close(davidson_loss(chosen, rejected, nu=1e-9, target=given), plain)


def test_among_decided_pairs_davidsons_margins_are_log_odds():
    win, _, loss = probabilities(davidson_loss, 1.3, nu=2.0)
    assert math.log(win / loss) == pytest.approx(1.3)


@pytest.mark.parametrize("loss", [lambda *r, target: rao_kupper_loss(*r, theta=2.0, target=target),
                                  lambda *r, target: davidson_loss(*r, nu=1.0, target=target)])  # fmt: skip
def test_swapping_sides_and_target_changes_nothing_and_gradients_are_right(loss):
    chosen, rejected = torch.randn(2, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    target = torch.tensor([0.0, 0.5, 1.0, 0.2, 0.5, 0.9, 1.0, 0.0, 0.5], dtype=torch.float64)
    torch.testing.assert_close(loss(chosen, rejected, target=target), loss(rejected, chosen, target=1 - target))
    sides = chosen.requires_grad_(), rejected.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: loss(a, b, target=target), sides)


def test_the_lead_is_recovered_from_outcomes_of_the_model():
    rng = np.random.default_rng(0)
    outcomes = rng.choice([1.0, 0.5, 0.0], 4000, p=probabilities(davidson_loss, 0.9, nu=1.0))
    target = torch.tensor(outcomes)

    def mean(lead):
        return davidson_loss(torch.full_like(target, lead), torch.zeros_like(target), nu=1.0, target=target).mean()

    assert minimize_scalar(lambda lead: mean(lead).item(), (0, 1)).x == pytest.approx(0.9, abs=0.1)


def test_far_apart_rewards_do_not_overflow():
    far = torch.tensor([1e4])
    for loss, options in ((rao_kupper_loss, {"theta": 2.0}), (davidson_loss, {"nu": 1.0})):
        for target in (WIN, TIE, LOSS):
            assert math.isfinite(loss(far, -far, **options, target=target).item())


def test_coefficients_out_of_range():
    with pytest.raises(ValueError, match=r"`theta` must be > 1, got 1.0 \(set loss.theta\)"):
        rao_kupper_loss(WIN, LOSS, theta=1.0)
    with pytest.raises(ValueError, match=r"`nu` must be > 0, got 0.0 \(set loss.nu\)"):
        davidson_loss(WIN, LOSS, nu=0.0)
