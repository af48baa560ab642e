"""Batches as the models see them.

Shape legend: `B` pairs, `N` responses (2B for pairs), `L` tokens of the longest sequence.
"""

from typing import NamedTuple

from torch import Tensor


class ResponseBatch(NamedTuple):
    """Prompts with their responses, padded on the right; what is padding is known from `lengths` alone."""

    token_ids: Tensor  # (N, L) int64
    lengths: Tensor  # (N,) int64, tokens of prompt and response
    prompt_lengths: Tensor  # (N,) int64, tokens of the prompt

    @property
    def response_tokens(self) -> Tensor:
        """(N,) tokens of each response that something predicts: all but the first where there is no prompt."""
        return self.lengths - self.prompt_lengths.clamp(min=1)


class PairBatch(NamedTuple):
    """Preference pairs."""

    responses: ResponseBatch  # N = 2B: all chosen, then all rejected
    target: Tensor  # (B,) float32, probability that chosen is the better one
    reference_logps: Tensor | None  # (2B,) float32, summed over response tokens; for DPO

    @property
    def pairs(self) -> int:
        """Number of pairs, B."""
        return self.target.shape[0]
