import pytest
import torch
from torch.nn.functional import margin_ranking_loss

from rmexp.losses.hinge import hinge_loss


def test_ranking_loss_of_torch():
    chosen, rejected = 2 * torch.randn(2, 500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ones = torch.ones_like(chosen)
    expected = margin_ranking_loss(chosen, rejected, ones, margin=0.7, reduction="none")
    torch.testing.assert_close(hinge_loss(chosen, rejected, width=0.7), expected)
    target = torch.rand(500, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    second = margin_ranking_loss(chosen, rejected, -ones, margin=0.7, reduction="none")
    mixed = target * expected + (1 - target) * second
    torch.testing.assert_close(hinge_loss(chosen, rejected, width=0.7, target=target), mixed)


def test_a_pair_with_its_lead_teaches_nothing():
    chosen = torch.tensor([2.0, 0.5], requires_grad=True)
    hinge_loss(chosen, torch.zeros(2), width=1.0).sum().backward()
    assert chosen.grad.tolist() == [0.0, -1.0]


def test_width_is_positive():
    with pytest.raises(ValueError, match=r"`width` must be > 0, got 0 \(set loss.width\)"):
        hinge_loss(torch.ones(1), torch.ones(1), width=0)
