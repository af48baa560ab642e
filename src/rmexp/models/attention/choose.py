"""Which attention computes a packed row, and why: the one place that decides.

The variable-length flash kernel serves half precision on a GPU of today, the fused kernel processors with AVX512 and a
compiler. Tiles are plain batched products and serve everything else: any device, number format, head width and window.
"""

import logging
from functools import cache, partial
from typing import Final, Literal

import torch
from torch import Tensor

from rmexp.models.attention.agreement import computes_attention
from rmexp.models.attention.flash import TYPES, WIDEST, FlashKernel
from rmexp.models.attention.fused.agreement import agrees
from rmexp.models.attention.fused.attention import NUMBERS, has_numbers
from rmexp.models.attention.fused.library import NotHere
from rmexp.models.attention.merged_attention import MergedAttention, merged_plan

Kind = Literal["tiles", "flash", "fused"]
FLASH: Final[Kind] = "flash"
FUSED: Final[Kind] = "fused"
OLDEST = (8, 0)  # compute capability of the flash kernel
log = logging.getLogger(__name__)
_said: set[str] = set()


def attention_kind(query: Tensor, window: int | None) -> Kind:
    """What computes the attention of a layer; said once in the log.

    Args:
        query: (H, Q, D), as it goes into the attention.
        window: positions that a token looks back; None for all.
    """
    device, dtype, width = query.device, query.dtype, query.shape[-1]
    if device.type == "cpu":
        kind, reason = FUSED, no_fused(dtype)
    else:
        kind, reason = FLASH, no_flash(device.type, dtype, width, window) or _failure(device, dtype, width)
    line = f"attention: {kind} kernel" if reason is None else f"attention: tiles, {reason}"
    if line not in _said:
        _said.add(line)
        log.info("%s", line)
    return kind if reason is None else "tiles"


@cache
def no_fused(dtype: torch.dtype) -> str | None:
    """Why the fused kernel does not serve on the processor; None where it does."""
    if dtype not in NUMBERS:
        return f"the fused kernel has no {str(dtype).removeprefix('torch.')}"
    try:
        if not has_numbers(dtype):
            return "the processor has no bf16 products"
    except NotHere as error:
        return str(error)
    return None if agrees(dtype) else "the fused kernel, as it is built here, computes something else"


def keeps_scores(device: str, half: bool) -> bool:
    """Whether attention on a device keeps its probabilities for the gradient, as tiles do.

    Args:
        device: `cpu` or the type of an accelerator.
        half: whether it computes in half precision.
    """
    return device == "cpu" and no_fused(torch.bfloat16 if half else torch.float32) is not None


def no_flash(device: str, dtype: torch.dtype, width: int, window: int | None) -> str | None:
    """Why the flash kernel does not serve; None where it does."""
    if device != "cuda":
        return f"the flash kernel is one of CUDA, this is {device}"
    if torch.cuda.get_device_capability() < OLDEST:
        return f"{torch.cuda.get_device_name()} is older than the flash kernel"
    if dtype not in TYPES:
        return f"the flash kernel has no {str(dtype).removeprefix('torch.')}"
    if width > WIDEST or width % 8:
        return f"the flash kernel takes head widths up to {WIDEST} in steps of 8, this is {width}"
    if window is not None:
        return f"a window of {window} positions reaches into shared starts"
    return None


@cache
def _failure(device: torch.device, dtype: torch.dtype, width: int) -> str | None:
    """What is wrong with the flash kernel here, found out on one small row; None where nothing is."""
    try:
        plan_of = partial(merged_plan, queries=None, kernel=FlashKernel())
        right = computes_attention(MergedAttention.apply, plan_of, width, dtype, device)
    except (RuntimeError, NotImplementedError, TypeError, IndexError) as error:
        return f"the flash kernel does not run here ({str(error).splitlines()[0][:80]})"
    return None if right else "the flash kernel, as torch has it here, computes something else"
