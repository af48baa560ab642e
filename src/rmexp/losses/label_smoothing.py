"""Labels of which a share is believed to be wrong."""

from torch import Tensor


def smoothed(target: Tensor, label_smoothing: float) -> Tensor:
    """Probability that the first response is the better one when labels are turned round with a known probability.

    Args:
        target: (B,) probability in [0, 1] that the first is the better one, as labelled.
        label_smoothing: probability in [0, 0.5) that a label is the wrong way round.

    Returns:
        (B,) in [label_smoothing, 1 - label_smoothing]; a tie, 0.5, stays one.

    Raises:
        ValueError: `label_smoothing` is out of range.

    Source: Szegedy et al. 2016, section 7, for two classes and twice the share; for preferences Mitchell 2023, "A note
        on DPO with noisy preferences & relationship to IPO".

    >>> import torch
    >>> smoothed(torch.tensor([1.0, 0.5, 0.0]), 0.1)
    tensor([0.9000, 0.5000, 0.1000])
    """
    check_label_smoothing(label_smoothing)
    return label_smoothing + (1 - 2 * label_smoothing) * target


def check_label_smoothing(label_smoothing: float) -> None:
    """Refuse what is no share of wrong labels, or at 0.5 leaves nothing to learn.

    Raises:
        ValueError: out of [0, 0.5).
    """
    if not 0 <= label_smoothing < 0.5:
        raise ValueError(
            f"`label_smoothing` must be at least 0 and below 0.5, got {label_smoothing} (set loss.label_smoothing)"
        )
