"""Which number format a model computes in: half precision where the processor multiplies it faster."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import torch
from torch import nn

from rmexp.hardware.threads import SMALL_PARAMETERS

AUTO: Final = "auto"
FULL, HALF, HALF_WEIGHTS = "32-true", "bf16-mixed", "bf16-true"
AVX_HALF, AMX_HALF = "avx512_bf16", "amx_bf16"  # as torch calls instructions of a processor
ASKED_BEFORE = {AVX_HALF: "_is_avx512_bf16_supported", AMX_HALF: "_is_amx_tile_supported"}
OTHER_NAMES = {"32": FULL, "64": "64-true", "16": "16-mixed", "bf16": HALF}
HALF_OF_CUDA = ("16-mixed", "16-true")  # whose losses are scaled, or whose sums overflow


def spelled_out(wanted: str | int) -> str:
    """A precision by the first of its names: `32-true` for 32."""
    return OTHER_NAMES.get(str(wanted), str(wanted))


def choose_precision(wanted: str | int, model: nn.Module, device: str) -> str:
    """The precision that a model computes in, as Lightning spells it.

    Args:
        wanted: a precision by any name, or `auto` for bf16 products around float32 weights, norms, rewards and losses
            where the device has such products and the model is large enough to gain by them.
        model: what is about to run.
        device: `cpu` or the type of an accelerator.

    Raises:
        ValueError: the device has no such numbers.
    """
    if wanted != AUTO:
        check_precision(spelled_out(wanted), device)
        return spelled_out(wanted)
    large = sum(parameter.numel() for parameter in model.parameters()) >= SMALL_PARAMETERS
    return HALF if large and has_half_products(device) else FULL


def check_precision(wanted: str, device: str) -> None:
    """Refuse a precision that a device lacks.

    Raises:
        ValueError: naming one that it has.
    """
    if device == "cpu" and wanted in HALF_OF_CUDA:
        raise ValueError(f"trainer.precision={wanted} is for a GPU, but this runs on the processor (set {HALF})")
    if device == "cuda" and str(wanted).startswith("bf16") and not has_half_products(device):
        raise ValueError(
            f"trainer.precision={wanted}: {torch.cuda.get_device_name()} has no bf16 products "
            "(set trainer.precision=16-mixed or 32-true)"
        )


def weights_in(precision: str | int, model: nn.Module) -> None:
    """Put a model's weights into the format that a precision trains them in."""
    if precision == HALF_WEIGHTS:
        model.to(torch.bfloat16)


def of_trainer(precision: str) -> str:
    """A precision as Lightning is told of it: weights that are bf16 themselves need nothing around their products."""
    return FULL if precision == HALF_WEIGHTS else precision


def has_half_products(device: str) -> bool:
    """Whether a device multiplies bf16 matrices faster than float32 ones."""
    if device == "cpu":
        return processor_has(AVX_HALF) or processor_has(AMX_HALF)
    return device != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)


def processor_has(instructions: str) -> bool:
    """Whether the processor has bf16 products: `AVX_HALF` of vectors, or `AMX_HALF` of matrices."""
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is not None:
        return bool(capabilities().get(instructions))
    return bool(getattr(torch.cpu, ASKED_BEFORE[instructions])())  # torch 2.9


def scorer_fingerprint(model: str, precision: str) -> str:
    """The fingerprint of what a model gives in a precision; in float32 that of the model itself."""
    return model if precision == FULL else f"{model}-{precision}"


def computing(precision: str, device: str) -> Callable[[], AbstractContextManager[None]]:
    """A context for computations outside a trainer.

    Raises:
        ValueError: neither of the two precisions that scores are computed in.
    """
    if precision == HALF:
        return lambda: torch.autocast(device, dtype=torch.bfloat16)
    if precision == FULL:
        return nullcontext
    raise ValueError(f"scorer.precision must be {AUTO}, {FULL} or {HALF}, got {precision}")
