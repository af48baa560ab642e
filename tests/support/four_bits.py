"""NF4 as its paper has it, slowly: what bitsandbytes is set against, and what stands in for it where it is missing.

Source: Dettmers et al. 2023, "QLoRA", appendix E, for the sixteen numbers.
"""

from types import SimpleNamespace

import torch
from torch import Tensor

NUMBERS = torch.tensor(
    [
        *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635),
        *(-0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725),
        *(0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
    ]
)


def quantize_4bit(weight: Tensor, blocksize: int, quant_type: str) -> tuple[Tensor, SimpleNamespace]:
    """Two weights a byte, the first of them in its upper half, and the largest absolute value of each block."""
    assert quant_type == "nf4"
    blocks = torch.nn.functional.pad(weight.float().flatten(), (0, -weight.numel() % blocksize)).view(-1, blocksize)
    absmax = blocks.abs().amax(dim=1)
    shares = (blocks / absmax.clamp(min=1e-30)[:, None]).flatten()[: weight.numel()]
    codes = (shares[:, None] - NUMBERS).abs().argmin(dim=1).to(torch.uint8)
    codes = torch.nn.functional.pad(codes, (0, weight.numel() % 2))
    return (codes[::2] << 4 | codes[1::2])[:, None], SimpleNamespace(absmax=absmax)


def QuantState(
    absmax: Tensor, shape: torch.Size, dtype: torch.dtype, blocksize: int, quant_type: str
) -> SimpleNamespace:
    """What says how codes are read."""
    assert quant_type == "nf4"
    return SimpleNamespace(absmax=absmax, shape=shape, dtype=dtype, blocksize=blocksize)


def dequantize_4bit(packed: Tensor, state: SimpleNamespace) -> Tensor:
    """The weights that codes stand for."""
    codes = torch.stack([packed[:, 0] >> 4, packed[:, 0] & 15], dim=1).flatten()[: state.shape.numel()]
    scales = state.absmax.repeat_interleave(state.blocksize)[: state.shape.numel()]
    return (NUMBERS[codes.long()] * scales).view(state.shape).to(state.dtype)
