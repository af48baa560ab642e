import math
from functools import partial

import pytest
import torch

from rmexp.losses.adjusted import adjusted_loss
from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.losses.hinge import hinge_loss

OFF = {"margin_scale": 0.0, "label_smoothing": 0.0, "centering": 0.0}


def random_rows(rows=200):
    generator = torch.Generator().manual_seed(0)
    chosen, rejected, margin = 3 * torch.randn(3, rows, generator=generator, dtype=torch.float64)
    return chosen, rejected, torch.rand(rows, generator=generator, dtype=torch.float64), margin.abs()


def test_with_everything_off_it_is_the_loss_itself():
    chosen, rejected, target, margin = random_rows()
    for loss in (bradley_terry_loss, partial(hinge_loss, width=1.0)):
        ours = adjusted_loss(chosen, rejected, loss=loss, **OFF, target=target, margin=margin)
        torch.testing.assert_close(ours, loss(chosen, rejected, target=target))


def test_margin_of_llama_2():
    # -ln sigmoid(r_chosen - r_rejected - m), their eq. 2, with a lead of ln 3 + 1/2 and half of a margin of 1
    chosen = torch.tensor([math.log(3.0) + 0.5])
    given = {**OFF, "margin_scale": 0.5}
    ours = adjusted_loss(chosen, torch.zeros(1), loss=bradley_terry_loss, **given, margin=torch.ones(1))
    assert ours.item() == pytest.approx(math.log(4 / 3))


def test_the_margin_is_asked_of_the_preferred_side_whatever_its_sign():
    chosen, rejected, _, margin = random_rows()
    make = partial(adjusted_loss, loss=bradley_terry_loss, **{**OFF, "margin_scale": 1.0})
    label = (torch.arange(len(chosen)) % 2).double()
    before = make(chosen, rejected, target=label, margin=margin)
    torch.testing.assert_close(make(rejected, chosen, target=1 - label, margin=margin), before)
    torch.testing.assert_close(make(rejected, chosen, target=1 - label, margin=-margin), before)
    tie = torch.full_like(chosen, 0.5)
    expected = bradley_terry_loss(chosen, rejected, target=tie)
    torch.testing.assert_close(make(chosen, rejected, target=tie, margin=margin), expected)


def test_smoothing_and_centering_by_hand():
    # 0.9 ln(4/3) + 0.1 ln 4, and 0.01 (ln 3 + 0)^2
    lead, zero = torch.tensor([math.log(3.0)]), torch.zeros(1)
    ours = adjusted_loss(lead, zero, loss=bradley_terry_loss, margin_scale=0, label_smoothing=0.1, centering=0.01)
    assert ours.item() == pytest.approx(0.9 * math.log(4 / 3) + 0.1 * math.log(4) + 0.01 * math.log(3) ** 2)


def test_bad_weights_and_missing_margins_are_refused():
    with pytest.raises(ValueError, match=r"`centering` must be at least 0, got -1 \(set loss.centering\)"):
        adjusted_loss(torch.ones(1), torch.ones(1), loss=bradley_terry_loss, **{**OFF, "centering": -1})
    with pytest.raises(ValueError, match=r"there are pairs without \(set data.format.margin to the column"):
        adjusted_loss(torch.ones(1), torch.ones(1), loss=bradley_terry_loss, **{**OFF, "margin_scale": 1.0})
