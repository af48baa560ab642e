"""The promise of every loss: one value for each example, which the caller reduces."""

from typing import Any

from torch import Tensor

from rmexp.called import called


def check_one_each(found: Any, count: int | None, of: str, loss: Any, what: str = "") -> None:
    """Refuse what a loss gives instead of one value for each example, such as their mean.

    Args:
        found: by the loss.
        count: examples; None where the loss has another number of values, as one of whole lists does.
        of: what an example is, for the message.
        loss: that gave it, for the message.
        what: name of the field that it gives, for the message; empty where the loss gives the values alone.

    Raises:
        ValueError: naming what was expected and what came.

    >>> import torch
    >>> def mine(a, b): return (a - b).mean()
    >>> check_one_each(torch.zeros(2), 2, "pair", mine)
    >>> check_one_each(mine(torch.zeros(2), torch.zeros(2)), 2, "pair", mine)
    Traceback (most recent call last):
    ValueError: mine() must give one value per pair, shape (2,), got a single value (no mean or sum in it; set loss)
    """
    if isinstance(found, Tensor) and found.ndim == 1 and count in (None, len(found)):
        return
    expected = f"one value per {of}" + ("" if count is None else f", shape ({count},)")
    if not isinstance(found, Tensor):
        came = "nothing" if found is None else type(found).__name__
    else:
        came = f"shape {tuple(found.shape)}" if found.ndim else "a single value"
    field = f" as `{what}`" if what else ""
    raise ValueError(f"{called(loss)} must give {expected}{field}, got {came} (no mean or sum in it; set loss)")
