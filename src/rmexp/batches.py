"""Batches as the models see them.

Shape legend: `B` pairs, `N` responses, `L` tokens of the longest sequence.
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

    @property
    def size(self) -> int:
        """Number of responses, N."""
        return self.lengths.shape[0]

    @property
    def tokens(self) -> int:
        """Tokens of all sequences."""
        return int(self.lengths.sum())


class Pairing(NamedTuple):
    """Which two of N responses each pair is made of, and its label."""

    rows: Tensor  # (2B,) int64 in [0, N): of all chosen, then of all rejected; a response may be of several pairs
    target: Tensor  # (B,) float32, probability that chosen is the better one
    margin: Tensor | None  # (B,) float32, how much better, in the data's units; None where a pair has none
    response_tokens: Tensor  # (2B,) int64, tokens of each response that something predicts
    reference_logps: Tensor | None  # (2B,) float32, summed over response tokens; for DPO

    def sides(self, figures: Tensor) -> tuple[Tensor, Tensor]:
        """From one figure for each response, (N,), to those of chosen and of rejected, (B,) each."""
        chosen, rejected = figures[self.rows].chunk(2)
        return chosen, rejected


class PairBatch(NamedTuple):
    """Preference pairs."""

    responses: ResponseBatch  # distinct ones: N is at most 2B
    pairing: Pairing

    @property
    def size(self) -> int:
        """Number of pairs, B."""
        return self.pairing.target.shape[0]

    @property
    def tokens(self) -> int:
        """Tokens of all sides, those of a response that is in several pairs as often."""
        return int(self.responses.lengths[self.pairing.rows].sum())
