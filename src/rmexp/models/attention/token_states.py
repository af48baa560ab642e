"""Last hidden states of a language model's body at the tokens that something reads, in the fastest way that is right.

Which way that is is decided when a model is set up: whatever is not transformers' own padded computation has to give
the same result on a batch that is made to tell.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rmexp.encoding.batches import ResponseBatch
from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.device import moved
from rmexp.models.attention.decoder_layers import decoder_states, has_known_layers
from rmexp.models.attention.packed_rows import packed_states
from rmexp.models.attention.padded_rows import padded_states

log = logging.getLogger(__name__)

LAYOUTS = ("auto", "packed", "padded")
States = Callable[[Any, ResponseBatch, Tensor], Tensor]
TOLERANCE = {torch.float32: 1e-4}  # of the largest value; 0.05 in half precision


class TokenStates:
    """Computes hidden states of one body.

    Args:
        body: causal transformer without a head.
        layout: `packed` rows, `padded` ones, or `auto` for packed ones where the body allows it.

    Raises:
        ValueError: no such layout, or packed rows do not suit the body.
    """

    def __init__(self, body: Any, layout: str) -> None:
        if layout not in LAYOUTS:
            raise ValueError(f"model.layout must be one of {', '.join(LAYOUTS)}, got {layout}")
        self.body = body
        self.function: States = padded_states
        if layout != "padded":
            ways, problems = [decoder_states] if has_known_layers(body) else [], []
            for way in (*ways, packed_states):
                problem = disagreement(body, way)
                if problem is None:
                    self.function = way
                    return
                problems.append(problem)
            sentence = f"{type(body).__name__} cannot be computed in packed rows: {problems[-1]}"
            if layout == "packed":
                raise ValueError(f"{sentence} (set model.layout=auto)")
            log.info("%s; it is computed in padded rows", sentence)

    def __call__(self, batch: ResponseBatch, rows: Tensor) -> Tensor:
        """(R, E) hidden states, normalised as the body's last ones are, at tokens (R,) of the row, on the host."""
        distinct, places = torch.unique(rows, return_inverse=True)
        return self.function(self.body, batch, distinct)[moved(places, batch.device)]

    @property
    def packed(self) -> bool:
        """Whether rows are packed, so that responses which begin alike belong together."""
        return self.function is not padded_states


@torch.no_grad()
def disagreement(body: Any, way: States) -> str | None:
    """What is wrong with a way to compute a body's hidden states; None when it agrees with the padded one."""
    if any(isinstance(module, nn.Conv1d) for module in body.modules()):
        return "its convolutions would mix responses that lie side by side"  # too little to be seen in new weights
    batch = probe(body)
    rows = torch.arange(len(batch.token_ids))
    expected = padded_states(body, batch, rows)
    try:
        found = way(body, batch, rows)
    except (NotImplementedError, TypeError, RuntimeError, ValueError, AttributeError, KeyError) as error:
        return str(error).partition("\n")[0] or type(error).__name__
    return None if agree(found, expected) else "its hidden states come out differently"


def agree(found: Tensor, expected: Tensor) -> bool:
    """Whether two ways of computing gave the same, up to rounding."""
    tolerance = TOLERANCE.get(expected.dtype, 0.05)
    return bool((found - expected).abs().max() <= tolerance * expected.abs().max())


def probe(body: Any) -> ResponseBatch:
    """Responses that share a start, share none, and are of many lengths, of any tokens, where the body is."""
    vocabulary, positions = int(body.config.vocab_size), getattr(body.config, "max_position_embeddings", None)
    generator = torch.Generator().manual_seed(0)

    def tokens(count: int) -> tuple[int, ...]:
        return tuple(torch.randint(vocabulary, (count,), generator=generator).tolist())

    prompt = tokens(9)
    texts: Sequence[tuple[int, ...]] = (prompt + tokens(3), prompt + tokens(14), prompt + tokens(1), tokens(6))
    limit = min(positions or 64, 64)
    batch = response_batch([ResponseTokens(text[:limit], min(9, limit - 1), False) for text in texts])
    return batch.to(body.device)
