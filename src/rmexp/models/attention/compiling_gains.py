"""Where compiled parts gain more than compiling takes: many tokens, on a processor whose products are cheap."""

from typing import Any

from rmexp.hardware.precision import AMX_HALF, processor_has
from rmexp.models.attention.compiled import has_compiler
from rmexp.models.attention.decoder_layers import is_compilable

COST = 10.0  # seconds that compiling takes the first time; later ones find it on disk
GAIN = 15e-9  # seconds that a token gains in each layer of a step, by width of the hidden states, on two cores
FORWARD = 1 / 3  # of a step's gain is without a gradient


def can_gain(body: Any, device: str, *, packed: bool) -> bool:
    """Whether the layers of a body can be compiled, and gain by it.

    Args:
        body: that is computed.
        device: that computes: `cpu` or the type of an accelerator.
        packed: whether it is computed in packed rows.
    """
    return device == "cpu" and _has_matrix_units() and has_compiler() and is_compilable(body, packed)


def enough_tokens(body: Any) -> float:
    """Tokens of training steps that gain what compiling takes."""
    return COST / (GAIN * float(body.config.num_hidden_layers) * float(body.config.hidden_size))


def scoring_gains(body: Any, device: str, tokens: int, *, packed: bool) -> bool:
    """Whether scores of so many tokens are computed with compiled parts.

    Args:
        body: that is computed.
        device: see `can_gain`.
        tokens: of all that is scored at a time.
        packed: see `can_gain`.
    """
    return can_gain(body, device, packed=packed) and tokens * FORWARD > enough_tokens(body)


def _has_matrix_units() -> bool:
    """Whether products are so cheap that what lies between them is what counts."""
    return processor_has(AMX_HALF)
