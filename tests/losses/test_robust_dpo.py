import math

import pytest
import torch

from rmexp.losses.conservative_dpo import conservative_dpo_loss
from rmexp.losses.dpo import dpo_loss
from rmexp.losses.robust_dpo import robust_dpo_loss


def random_logps(rows=300):
    return list(-300 * torch.rand(4, rows, generator=torch.Generator().manual_seed(0), dtype=torch.float64))


def test_formula_of_the_paper():
    a, b, c, d = logps = random_logps()
    kept, turned = dpo_loss(*logps, beta=0.1).losses, dpo_loss(b, a, d, c, beta=0.1).losses
    ours = robust_dpo_loss(*logps, beta=0.1, label_smoothing=0.2).losses
    torch.testing.assert_close(ours, (0.8 * kept - 0.2 * turned) / 0.6)


def test_its_mean_over_turned_labels_is_the_loss_of_the_true_ones():
    logps = random_logps()
    true = torch.ones(300, dtype=torch.float64)
    make = {"beta": 0.1, "label_smoothing": 0.3}
    mean = 0.7 * robust_dpo_loss(*logps, **make, target=true).losses
    mean += 0.3 * robust_dpo_loss(*logps, **make, target=1 - true).losses
    torch.testing.assert_close(mean, dpo_loss(*logps, beta=0.1).losses)
    # cDPO is biased by the same labels: it is what their mean is
    assert not torch.allclose(conservative_dpo_loss(*logps, **make).losses, mean)


def test_policy_equal_to_its_reference_has_loss_ln_2():
    chosen, rejected = random_logps()[:2]
    losses = robust_dpo_loss(chosen, rejected, chosen, rejected, beta=0.1, label_smoothing=0.1).losses
    torch.testing.assert_close(losses, torch.full_like(losses, math.log(2)))


def test_half_of_the_labels_wrong_is_refused():
    with pytest.raises(ValueError, match=r"below 0.5, got 0.5 \(set loss.label_smoothing\)"):
        robust_dpo_loss(*torch.zeros(4, 1), beta=0.1, label_smoothing=0.5)
