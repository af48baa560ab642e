import pytest
import torch

from rmexp.losses.label_smoothing import smoothed


def test_it_is_the_chance_that_a_label_turned_at_random_still_says_so():
    # right with 0.8 of a first that is better with 0.75, and wrong with 0.2 of one that is not: 0.6 + 0.05
    assert smoothed(torch.tensor([0.75]), 0.2).item() == pytest.approx(0.65)


def test_torchs_label_smoothing_with_twice_the_share_on_two_classes():
    logits = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.arange(50) % 2
    target = smoothed((labels == 0).double(), 0.15)
    ours = -(torch.stack([target, 1 - target], dim=1) * logits.log_softmax(1)).sum(1)
    reference = torch.nn.functional.cross_entropy(logits, labels, reduction="none", label_smoothing=0.3)
    torch.testing.assert_close(ours, reference)


@pytest.mark.parametrize("share", [-0.1, 0.5, float("nan")])
def test_a_share_that_leaves_nothing_to_learn_is_refused(share):
    with pytest.raises(ValueError, match=rf"below 0.5, got {share} \(set loss.label_smoothing\)"):
        smoothed(torch.ones(1), share)
