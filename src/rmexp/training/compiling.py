"""Whether the layers of a run are compiled: where that is asked for, or where the run is long enough to gain by it."""

import logging
from collections.abc import Sequence
from typing import Any

from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.models.attention.compiling_gains import COST, can_gain, enough_tokens
from rmexp.training.trainer_options import TrainerOptions

SAMPLE = 256  # examples whose tokens are counted
log = logging.getLogger(__name__)


def compiles(options: TrainerOptions, device: str, body: Any, *, packed: bool, tokens: float) -> bool:
    """Whether a run compiles its layers; what decides is the same whenever the run goes on.

    Args:
        options: of the trainer.
        device: that computes: `cpu` or the type of an accelerator.
        body: that is trained.
        packed: whether it is computed in packed rows.
        tokens: of the whole run.
    """
    asked = options.compiled
    if asked != "auto":
        return asked
    if not can_gain(body, device, packed=packed):
        return False
    enough = enough_tokens(body)
    if tokens > enough:
        told = "layers are compiled: some %.0f s the first time, %s tokens gain more from %s on"
        log.info(f"{told} (trainer.compiled=false leaves it)", COST, f"{tokens:,.0f}", f"{enough:,.0f}")
    return bool(tokens > enough)


def tokens_of(examples: Sequence[PairTokens] | Sequence[ResponseTokens], passes: float) -> float:
    """How many tokens a run computes, by some of its examples.

    Args:
        examples: that it learns from.
        passes: over them.
    """
    step = max(1, len(examples) // SAMPLE)
    counts = [_tokens(examples[place]) for place in range(0, len(examples), step)]
    return passes * len(examples) * sum(counts) / len(counts)


def _tokens(example: PairTokens | ResponseTokens) -> int:
    """Those that are computed: the prompt of a pair once."""
    if isinstance(example, ResponseTokens):
        return len(example.token_ids)
    return len(example.chosen.token_ids) + len(example.rejected.token_ids) - example.rejected.prompt_tokens
