"""Which side of a pair its label prefers: the one rule for numbers, numpy arrays and torch tensors alike."""

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:  # importing this file imports neither
    import numpy as np
    import torch
    from numpy.typing import NDArray


@overload
def preferred_side(target: float) -> int: ...
@overload
def preferred_side(target: "NDArray[Any]") -> "NDArray[np.int64]": ...
@overload
def preferred_side(target: "torch.Tensor") -> "torch.Tensor": ...
def preferred_side(target: Any) -> Any:
    """0 where the response listed first is the better one, 1 where the second is; 0 for a tie, which has none.

    Args:
        target: probability in [0, 1] that the first is the better one; one number, or (N,) of them.

    >>> preferred_side(0.8), preferred_side(0.0), preferred_side(0.5)
    (0, 1, 0)
    """
    return (target < 0.5) * 1


@overload
def is_tie(target: float) -> bool: ...
@overload
def is_tie(target: "NDArray[Any]") -> "NDArray[np.bool_]": ...
@overload
def is_tie(target: "torch.Tensor") -> "torch.Tensor": ...
def is_tie(target: Any) -> Any:
    """Whether a label is a tie; arguments as for `preferred_side`.

    >>> is_tie(0.5), is_tie(0.6)
    (True, False)
    """
    return target == 0.5
