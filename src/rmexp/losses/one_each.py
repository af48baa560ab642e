"""The promise of every loss: one value for each example, which the caller reduces."""

from typing import Any

from torch import Tensor


def check_one_each(found: Any, count: int | None, of: str, what: str = "") -> None:
    """Refuse what a loss gives instead of one value for each example, such as their mean.

    Args:
        found: by the loss.
        count: examples; None where the loss has another number of values, as one of whole lists does.
        of: what an example is, for the message.
        what: name of the field that it gives, for the message; empty where the loss gives the values alone.

    Raises:
        ValueError: naming what was expected and what came.

    >>> import torch
    >>> check_one_each(torch.zeros(2), 2, "pair")
    >>> check_one_each(torch.zeros(2).mean(), 2, "pair")
    Traceback (most recent call last):
    ValueError: a loss must give one value per pair, shape (2,), got a single value (no mean or sum in it; set loss)
    """
    if isinstance(found, Tensor) and found.ndim == 1 and count in (None, len(found)):
        return
    expected = f"one value per {of}" + ("" if count is None else f", shape ({count},)")
    if not isinstance(found, Tensor):
        came = "nothing" if found is None else type(found).__name__
    else:
        came = f"shape {tuple(found.shape)}" if found.ndim else "a single value"
    field = f" as `{what}`" if what else ""
    raise ValueError(f"a loss must give {expected}{field}, got {came} (no mean or sum in it; set loss)")
