import math

import pytest
import torch

from rmexp.losses.conservative_dpo import conservative_dpo_loss
from rmexp.losses.dpo import dpo_loss


def random_logps(rows=300):
    return list(-300 * torch.rand(4, rows, generator=torch.Generator().manual_seed(0), dtype=torch.float64))


def test_a_mixture_of_the_label_and_its_opposite():
    a, b, c, d = logps = random_logps()
    ours = conservative_dpo_loss(*logps, beta=0.1, label_smoothing=0.2)
    mixture = 0.8 * dpo_loss(*logps, beta=0.1).losses + 0.2 * dpo_loss(b, a, d, c, beta=0.1).losses
    torch.testing.assert_close(ours.losses, mixture)
    assert torch.equal(ours.chosen_rewards, dpo_loss(*logps, beta=0.1).chosen_rewards)


def test_it_is_least_where_the_margin_is_the_log_odds_of_the_labels():
    chosen = torch.tensor([math.log(0.8 / 0.2) / 0.5], dtype=torch.float64, requires_grad=True)
    zeros = torch.zeros(3, 1, dtype=torch.float64)
    conservative_dpo_loss(chosen, *zeros, beta=0.5, label_smoothing=0.2).losses.sum().backward()
    assert chosen.grad.item() == pytest.approx(0, abs=1e-12)


def test_without_smoothing_it_is_dpo():
    logps, target = random_logps(), torch.rand(300, dtype=torch.float64)
    ours = conservative_dpo_loss(*logps, beta=0.1, label_smoothing=0.0, target=target).losses
    torch.testing.assert_close(ours, dpo_loss(*logps, beta=0.1, target=target).losses)
