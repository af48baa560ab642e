"""Encoded responses and pairs to batches of tensors."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import torch

from rmexp.encoding.batches import PairBatch, PairIndex, ResponseBatch
from rmexp.encoding.shared_starts import Tokens, runs_of_shared_starts
from rmexp.encoding.tokens import PairTokens, ResponseTokens


def response_batch(responses: Sequence[ResponseTokens]) -> ResponseBatch:
    """Put encoded responses into one row, where tokens that several of them start with stand once."""
    order = sorted(range(len(responses)), key=lambda index: responses[index].token_ids)
    ids = [np.array(responses[index].token_ids, dtype=np.int64) for index in order]
    tokens: list[Tokens] = []
    positions: list[Tokens] = []
    places = np.zeros((3, len(responses)), dtype=np.int64)  # for each response
    row = 0
    for run in runs_of_shared_starts(ids):
        start, shared = row, run.shared
        tokens.append(ids[run.first][:shared])
        positions.append(np.arange(shared))
        row += shared
        for index in range(run.first, run.end):
            tokens.append(ids[index][shared:])
            positions.append(np.arange(shared, len(ids[index])))
            places[:, order[index]] = start, shared, row
            row += len(ids[index]) - shared
    shared_starts, shared_lengths, own_starts = torch.from_numpy(places)
    return ResponseBatch(
        torch.from_numpy(np.concatenate(tokens)),
        torch.from_numpy(np.concatenate(positions)),
        shared_starts,
        shared_lengths,
        own_starts,
        torch.tensor([len(response.token_ids) for response in responses]),
        torch.tensor([response.prompt_tokens for response in responses]),
    )


def pair_batch(pairs: Sequence[PairTokens]) -> PairBatch:
    """Batch encoded pairs; a response that several of them have is in the batch once."""
    responses = distinct_responses(pairs)
    return PairBatch(response_batch(responses), pairing(pairs, responses))


def distinct_responses(pairs: Sequence[PairTokens]) -> list[ResponseTokens]:
    """Every response once, in the order of all chosen, then all rejected."""
    return list(dict.fromkeys([pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]))


def batches_of_tokens(
    responses: Iterable[ResponseTokens], max_tokens: int, *, packed: bool
) -> list[list[ResponseTokens]]:
    """All responses, in batches that are computed without much waste.

    Args:
        responses: encoded.
        max_tokens: see `parts_of_tokens`.
        packed: whether rows are packed, so that neighbours should begin alike; else they should be of like length.
    """
    ordered = sorted(responses, key=lambda response: response.token_ids)
    if not packed:
        ordered.sort(key=lambda response: len(response.token_ids))
    lengths = [len(response.token_ids) for response in ordered]
    shared = [0, *(_shared_prompt(*neighbours) for neighbours in pairwise(ordered))][: len(ordered)]
    return [ordered[part] for part in parts_of_tokens(lengths, shared, max_tokens, packed=packed)]


def _shared_prompt(first: ResponseTokens, second: ResponseTokens) -> int:
    """Tokens of the prompt that two responses have in common; 0 of different prompts."""
    tokens = first.prompt_tokens
    alike = second.prompt_tokens == tokens and first.token_ids[:tokens] == second.token_ids[:tokens]
    return tokens if alike else 0


def parts_of_tokens(lengths: Sequence[int], shared: Sequence[int], max_tokens: int, *, packed: bool) -> list[slice]:
    """Neighbours that are computed at once.

    Args:
        lengths: of sequences, in their order; where rows are not packed they ascend.
        shared: tokens of the prompt that each has in common with the one before it, which a packed row holds once.
        max_tokens: in a part, padding counted; a longer sequence is a part by itself.
        packed: whether rows are packed.

    >>> parts_of_tokens([3, 4, 5, 20], [0, 0, 0, 0], 9, packed=True)
    [slice(0, 2, None), slice(2, 3, None), slice(3, 4, None)]
    >>> parts_of_tokens([6, 7, 7, 7], [0, 5, 5, 5], 10, packed=True)
    [slice(0, 3, None), slice(3, 4, None)]
    """
    starts, tokens = list[int](), max_tokens + 1
    for place, (length, common) in enumerate(zip(lengths, shared, strict=True)):
        if packed:
            tokens += length - common
        else:
            tokens = (place - starts[-1] + 1) * length if starts else length
        if not starts or tokens > max_tokens:
            starts.append(place)
            tokens = length
    return [slice(*bounds) for bounds in pairwise([*starts, len(lengths)])]


def pairing(pairs: Sequence[PairTokens], responses: Sequence[ResponseTokens]) -> PairIndex:
    """Where the sides of pairs are among distinct responses, with the pairs' labels."""
    row = {response: index for index, response in enumerate(responses)}
    sides = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
    reference = margin = None
    if all(pair.reference_logps is not None for pair in pairs):
        reference = torch.tensor([pair.reference_logps for pair in pairs]).T.flatten()
    if all(pair.margin is not None for pair in pairs):
        margin = torch.tensor([pair.margin for pair in pairs], dtype=torch.float32)
    return PairIndex(
        rows=torch.tensor([row[side] for side in sides]),
        target=torch.tensor([pair.target for pair in pairs], dtype=torch.float32),
        margin=margin,
        response_tokens=torch.tensor([side.response_tokens for side in sides]),
        reference_logps=reference,
    )
