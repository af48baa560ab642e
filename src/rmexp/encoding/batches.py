"""Batches as the models see them.

What is computed with lies on the device of the model. How a row is laid out stays on the host, where attention is
planned: nothing has to wait for the device to know it.

Shape legend: `B` pairs, `N` responses, `T` tokens of a packed row, `L` tokens of the longest sequence.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from rmexp.hardware.device import moved


class ResponseBatch(NamedTuple):
    """Prompts with their responses in one packed row, without padding.

    Responses that begin alike, as those to one prompt do, form a group: the tokens that they share stand once, followed
    by the own tokens of each. Every response has at least one own token, its last. The fields of N responses are in the
    order in which they were given, whatever the order in the row. They are on the host, wherever the row is.
    """

    token_ids: Tensor  # (T,) int64, on the model's device
    position_ids: Tensor  # (T,) int64, of each token within its response; likewise
    shared_starts: Tensor  # (N,) int64, where in the row the tokens that a response shares begin
    shared_lengths: Tensor  # (N,) int64, how many they are; 0 for a response that shares none
    own_starts: Tensor  # (N,) int64, where in the row its own tokens begin
    lengths: Tensor  # (N,) int64, tokens of prompt and response
    prompt_lengths: Tensor  # (N,) int64, tokens of the prompt

    def to(self, device: torch.device | str) -> "ResponseBatch":
        """The same with its row on a device."""
        return self._replace(token_ids=moved(self.token_ids, device), position_ids=moved(self.position_ids, device))

    @property
    def device(self) -> torch.device:
        """Where the row is."""
        return self.token_ids.device

    @property
    def last_tokens(self) -> Tensor:
        """(N,) where in the row each response ends."""
        return self.own_starts + self.lengths - self.shared_lengths - 1

    @property
    def response_tokens(self) -> Tensor:
        """(N,) tokens of each response that something predicts: all but the first where there is no prompt."""
        return self.lengths - self.prompt_lengths.clamp(min=1)

    @property
    def longest(self) -> int:
        """Tokens of the longest response, L."""
        return int(max(self.lengths.tolist()))

    @property
    def size(self) -> int:
        """Number of responses, N."""
        return self.lengths.shape[0]

    def places(self) -> Tensor:
        """(N, L) where in the row each token of each response stands; some place of the response behind its end."""
        position = torch.arange(self.longest)
        own = self.own_starts[:, None] + (position - self.shared_lengths[:, None])
        places = torch.where(position < self.shared_lengths[:, None], self.shared_starts[:, None] + position, own)
        return torch.where(position < self.lengths[:, None], places, self.last_tokens[:, None])


class PairIndex(NamedTuple):
    """Which two of N responses each pair is made of, and its label."""

    rows: Tensor  # (2B,) int64 in [0, N): of all chosen, then of all rejected; a response may be of several pairs
    target: Tensor  # (B,) float32, probability that chosen is the better one
    margin: Tensor | None  # (B,) float32, how much better, in the data's units; None where a pair has none
    response_tokens: Tensor  # (2B,) int64, tokens of each response that something predicts
    reference_logps: Tensor | None  # (2B,) float32, summed over response tokens; for DPO

    def to(self, device: torch.device | str) -> "PairIndex":
        """The same on a device."""
        rows, target, margin, response_tokens, reference_logps = self
        return PairIndex(
            moved(rows, device),
            moved(target, device),
            None if margin is None else moved(margin, device),
            moved(response_tokens, device),
            None if reference_logps is None else moved(reference_logps, device),
        )

    def sides(self, figures: Tensor) -> tuple[Tensor, Tensor]:
        """From one figure for each response, (N,), to those of chosen and of rejected, (B,) each."""
        chosen, rejected = figures[self.rows].chunk(2)
        return chosen, rejected

    def among(self, responses: int) -> "PairIndex":
        """The pairs of which both responses are among the first so many.

        >>> ones = torch.ones(2)
        >>> pairing = PairIndex(torch.tensor([0, 1, 1, 2]), ones, ones, torch.ones(4, dtype=torch.int64), None)
        >>> pairing.among(2).rows.tolist(), pairing.among(3).rows.tolist()
        ([0, 1], [0, 1, 1, 2])
        """
        kept = (self.rows.reshape(2, -1) < responses).all(dim=0)
        both = kept.repeat(2)
        return PairIndex(
            self.rows[both],
            self.target[kept],
            None if self.margin is None else self.margin[kept],
            self.response_tokens[both],
            None if self.reference_logps is None else self.reference_logps[both],
        )

    @property
    def size(self) -> int:
        """Number of pairs, B."""
        return self.target.shape[0]


class PairBatch(NamedTuple):
    """Preference pairs."""

    responses: ResponseBatch  # distinct ones: N is at most 2B
    pairing: PairIndex

    def to(self, device: torch.device | str) -> "PairBatch":
        """The same on a device."""
        return PairBatch(self.responses.to(device), self.pairing.to(device))

    @property
    def size(self) -> int:
        """Number of pairs, B."""
        return self.pairing.size


class FeatureBatch(NamedTuple):
    """Preference pairs of whose responses a frozen body has made all that a head reads."""

    hidden: Tensor  # (N, E) of distinct responses
    pairing: PairIndex

    def to(self, device: torch.device | str) -> "FeatureBatch":
        """The same on a device."""
        return FeatureBatch(moved(self.hidden, device), self.pairing.to(device))

    @property
    def size(self) -> int:
        """Number of pairs, B."""
        return self.pairing.size
