"""The distinct responses of validation pairs, in the order in which they are computed.

Nothing is made of a response but the bytes of its ids until it is computed: they tell which are equal, and which comes
first.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from rmexp.encoding.batches import PairIndex
from rmexp.encoding.encoded import EncodedResponses
from rmexp.encoding.pack import parts_of_tokens
from rmexp.encoding.splits import EncodedPairs

Known = tuple[bytes, int, bool]  # ids, most significant byte first; how many are of the prompt; whether it was cut


class ValidationOrder(NamedTuple):
    """N distinct responses of K pairs.

    Attributes:
        places: (N,) of the responses among those of all pairs, in the order in which they are computed.
        lengths: (N,) tokens of each.
        prompt_tokens: (N,) how many of them are of the prompt.
        shared: (N,) tokens of the prompt that each has in common with the one before it; 0 of another prompt.
        numbers: (2K,) of all chosen, then of all rejected: the number of each in that order.
    """

    places: NDArray[np.int64]
    lengths: NDArray[np.int64]
    prompt_tokens: NDArray[np.int64]
    shared: NDArray[np.int64]
    numbers: NDArray[np.int64]

    def batches(self, max_tokens: int, *, packed: bool) -> list[NDArray[np.int64]]:
        """Places of what is computed at once, see `parts_of_tokens`."""
        parts = parts_of_tokens(self.lengths.tolist(), self.shared.tolist(), max_tokens, packed=packed)
        return [self.places[part] for part in parts]

    def pairing(self, pairs: EncodedPairs) -> PairIndex:
        """The pairs as rows of the responses."""
        margin, reference = pairs.margin, pairs.reference_logps
        tokens = self.lengths - np.maximum(self.prompt_tokens, 1)
        return PairIndex(
            rows=torch.from_numpy(self.numbers),
            target=torch.from_numpy(pairs.target.astype(np.float32)),
            margin=None if np.isnan(margin).any() else torch.from_numpy(margin.astype(np.float32)),
            response_tokens=torch.from_numpy(tokens[self.numbers]),
            reference_logps=None if reference is None else torch.from_numpy(reference.astype(np.float32)).T.flatten(),
        )


def validation_order(pairs: EncodedPairs, *, packed: bool) -> ValidationOrder:
    """Every response once, sorted by its ids, where rows are not packed by its length before that."""
    sides = np.concatenate([2 * pairs.places, 2 * pairs.places + 1])
    first = dict[Known, int]()  # the number of each in the order in which they first occur
    known = np.fromiter((first.setdefault(one, len(first)) for one in _known(pairs.responses, sides)), np.int64)
    places = sides[np.unique(known, return_index=True)[1]]
    ids = [ids for ids, *_ in first]
    lengths = pairs.responses.tokens[places]
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)
    if not packed:
        order = order[np.argsort(lengths[order], kind="stable")]
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.arange(len(order))
    prompt_tokens = np.array([tokens for _, tokens, _ in first], np.int64)[order]
    shared = _shared_prompts(
        [ids[number] for number in order], prompt_tokens, pairs.responses.whole.prompt_ids.itemsize
    )
    return ValidationOrder(places[order], lengths[order], prompt_tokens, shared, numbers[known])


def _shared_prompts(ids: list[bytes], prompt_tokens: NDArray[np.int64], token_bytes: int) -> NDArray[np.int64]:
    """Tokens of the prompt that each response has in common with the one before it."""
    shared = np.zeros(len(ids), np.int64)
    for number in (1 + np.flatnonzero(prompt_tokens[1:] == prompt_tokens[:-1])).tolist():
        prompt = int(prompt_tokens[number])
        if ids[number].startswith(ids[number - 1][: prompt * token_bytes]):
            shared[number] = prompt
    return shared


def _known(responses: EncodedResponses, places: NDArray[np.int64]) -> Iterator[Known]:
    """What tells responses apart, and orders them as their ids do."""
    whole = responses.whole
    numbers = whole.prompt[places], whole.response[places]
    prompts = _bounds(whole.prompt_ends, numbers[0])
    behind = _bounds(whole.response_ends, numbers[1])
    kind = whole.prompt_ids.dtype.newbyteorder(">")
    for place, long, prompt, response in zip(places, responses.long[places], prompts, behind, strict=True):
        if long:
            cut = responses[int(place)]
            assert cut is not None
            yield np.array(cut.token_ids, kind).tobytes(), cut.prompt_tokens, cut.truncated
        else:
            parts = whole.prompt_ids[prompt], whole.response_ids[response]
            yield b"".join(part.astype(kind).tobytes() for part in parts), prompt.stop - prompt.start, False


def _bounds(ends: NDArray[np.int64], numbers: NDArray[np.int32]) -> list[slice]:
    return list(map(slice, ends[numbers].tolist(), ends[numbers + 1].tolist()))
