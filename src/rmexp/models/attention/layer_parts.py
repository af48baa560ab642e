"""A decoder layer around its attention in two parts, each of which torch.compile makes a few kernels of.

They take the tokens of a row one by one, so that either is compiled once for rows of every length. Nothing of them is
to be called uncompiled: `decoder_layers` computes the same in operations that suit that.

Shape legend: `T` tokens, `E` width of the hidden states, `F` width inside the MLP, `H` query heads, `G` key heads, `D`
head width.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Norm(NamedTuple):
    """A root-mean-square normalisation: weight, (E,) or (D,), and what is added to the mean square."""

    weight: Tensor
    epsilon: float


class HeadProducts(NamedTuple):
    """Weights of the products of queries, keys and values, (heads * D, E) each; their biases; norms of heads.

    Attributes:
        weights: three.
        biases: three, or none.
        norms: of queries and keys, or none.
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    norms: tuple[Norm, ...]


def before_attention(
    residual: Tensor, norm: Norm, products: HeadProducts, cosine: Tensor, sine: Tensor, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Norm, one product for all heads, and rotation.

    Args:
        residual: (T, E), float32.
        norm: before the product.
        products: of queries, keys and values.
        cosine: (T, D / 2) of the angles of rotary positions.
        sine: (T, D / 2).
        dtype: of the product.

    Returns:
        Queries (H, T, D), keys (G, T, D) and values (G, T, D).
    """
    width = 2 * cosine.shape[-1]
    weight = torch.cat(products.weights).to(dtype)
    bias = torch.cat(products.biases).to(dtype) if products.biases else None
    heads = F.linear(_normalised(residual, norm).to(dtype), weight, bias).view(len(residual), -1, width)
    query, key, value = torch.split(heads, [len(part) // width for part in products.weights], dim=1)
    if products.norms:
        query, key = (_normalised(part, norm) for part, norm in zip((query, key), products.norms, strict=True))
    query, key = (_rotated(part, cosine[:, None], sine[:, None]).to(dtype) for part in (query, key))
    return tuple(part.transpose(0, 1) for part in (query, key, value))  # type: ignore[return-value]


def behind_attention(
    residual: Tensor, attended: Tensor, norm: Norm, out: Tensor, gate_up: tuple[Tensor, Tensor], down: Tensor
) -> Tensor:
    """Output product, norm and gated MLP.

    Args:
        residual: (T, E), float32.
        attended: (H, T, D), what attention gave, in the type of the products.
        norm: before the MLP.
        out: (E, H * D).
        gate_up: (F, E) each.
        down: (E, F).

    Returns:
        The next layer's residual, (T, E).
    """
    dtype = attended.dtype
    total = residual + F.linear(attended.transpose(0, 1).flatten(1), out.to(dtype))
    gate, up = F.linear(_normalised(total, norm).to(dtype), torch.cat(gate_up).to(dtype)).chunk(2, dim=-1)
    inner = (F.silu(gate.float()) * up.float()).to(dtype)
    return total + F.linear(inner, down.to(dtype))


def _normalised(hidden: Tensor, norm: Norm) -> Tensor:
    """In float32."""
    hidden = hidden.float()
    return hidden * torch.rsqrt(hidden.square().mean(-1, keepdim=True) + norm.epsilon) * norm.weight


def _rotated(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotate the last dimension, whose halves are the coordinates."""
    first, second = heads.float().chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)
