"""Encoded responses and pairs to batches of tensors."""

from collections.abc import Iterable, Sequence

import torch

from rmexp.batches import PairBatch, Pairing, ResponseBatch
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
    """Batch encoded pairs; a response that several of them have is in the batch once."""
    responses = distinct_responses(pairs)
    return PairBatch(response_batch(responses), pairing(pairs, responses))


def distinct_responses(pairs: Sequence[PairTokens]) -> list[ResponseTokens]:
    """Every response once, in the order of all chosen, then all rejected."""
    return list(dict.fromkeys([pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]))


def by_length(responses: Iterable[ResponseTokens]) -> list[ResponseTokens]:
    """Every response once, the shortest first, so that batches of neighbours need little padding."""
    return sorted(set(responses), key=lambda response: (len(response.token_ids), response.token_ids))


def pairing(pairs: Sequence[PairTokens], responses: Sequence[ResponseTokens]) -> Pairing:
    """Where the sides of pairs are among distinct responses, with the pairs' labels."""
    row = {response: index for index, response in enumerate(responses)}
    sides = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
    reference = margin = None
    if all(pair.reference_logps is not None for pair in pairs):
        reference = torch.tensor([pair.reference_logps for pair in pairs]).T.flatten()
    if all(pair.margin is not None for pair in pairs):
        margin = torch.tensor([pair.margin for pair in pairs], dtype=torch.float32)
    return Pairing(
        rows=torch.tensor([row[side] for side in sides]),
        target=torch.tensor([pair.target for pair in pairs], dtype=torch.float32),
        margin=margin,
        response_tokens=torch.tensor([side.response_tokens for side in sides]),
        reference_logps=reference,
    )
