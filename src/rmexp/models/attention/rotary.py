"""Rotary positions: heads that are turned by angles of their tokens.

Shape legend: `H` heads, `T` tokens, `D` head width.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor


class Angles(NamedTuple):
    """Of some tokens.

    Attributes:
        cosine: (T, D / 2), float32.
        sine: (T, D / 2), float32.
    """

    cosine: Tensor
    sine: Tensor

    def of(self, tokens: Tensor | None) -> "Angles":
        """Those of some of the tokens; of all of them if None."""
        return self if tokens is None else Angles(self.cosine[tokens], self.sine[tokens])


class Rotary(NamedTuple):
    """Angles by which an attention turns its heads."""

    queries: Angles
    keys: Angles


def rotated(heads: Tensor, angles: Angles) -> Tensor:
    """Heads turned by the angles of their tokens, computed in float32.

    Args:
        heads: (H, T, D).
        angles: of the tokens.

    Returns:
        (H, T, D) in the type of `heads`.

    Source: Su et al. 2021, eq. 34, with the halves of a head as the two coordinates.
    """
    return Rotation.apply(heads, *angles)  # type: ignore[no-any-return, no-untyped-call]


class Rotation(torch.autograd.Function):
    """Keeps nothing but the angles: the gradient is turned back by them."""

    @staticmethod
    def forward(ctx: Any, heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """See `rotated`."""
        ctx.save_for_backward(cosine, sine)
        return _turned(heads, cosine, sine)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the heads."""
        cosine, sine = ctx.saved_tensors
        return _turned(gradient, cosine, -sine), None, None


def _turned(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    exact = heads if heads.dtype == torch.float32 else heads.contiguous().float()
    turned = torch.empty(heads.shape, dtype=torch.float32, device=heads.device)
    (first, second), (new_first, new_second) = exact.chunk(2, dim=-1), turned.chunk(2, dim=-1)
    torch.mul(first, cosine, out=new_first).addcmul_(second, sine, value=-1)
    torch.mul(second, cosine, out=new_second).addcmul_(first, sine)
    return turned.to(heads.dtype)
