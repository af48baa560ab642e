"""Encoded responses and pairs to batches of tensors."""

from collections.abc import Sequence

import torch

from rmexp.batches import PairBatch, ResponseBatch
from rmexp.data.encode import PairTokens, ResponseTokens


def response_batch(responses: Sequence[ResponseTokens]) -> ResponseBatch:
    """Pad encoded responses with zeros, on the right, to the longest of them."""
    lengths = [len(response.token_ids) for response in responses]
    token_ids = torch.zeros(len(responses), max(lengths), dtype=torch.int64)
    for row, response in enumerate(responses):
        token_ids[row, : lengths[row]] = torch.tensor(response.token_ids)
    prompt_lengths = torch.tensor([response.prompt_tokens for response in responses])
    return ResponseBatch(token_ids, torch.tensor(lengths), prompt_lengths)


def pair_batch(pairs: Sequence[PairTokens]) -> PairBatch:
    """Batch encoded pairs: all chosen responses, then all rejected ones."""
    reference = None
    if all(pair.reference_logps is not None for pair in pairs):
        reference = torch.tensor([pair.reference_logps for pair in pairs]).T.flatten()
    return PairBatch(
        response_batch([pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]),
        torch.tensor([pair.target for pair in pairs], dtype=torch.float32),
        reference,
    )
