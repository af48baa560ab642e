"""Encoded responses in flat arrays: each is put together when somebody looks at it.

Shapes: N responses as they were asked for, P prompts, R responses that are told apart.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, cast, overload

import numpy as np
from numpy.typing import NDArray

from rmexp.dialogue import Prompt, prompt_text
from rmexp.encoding.tokens import ResponseTokens
from rmexp.encoding.truncation import fit
from rmexp.jsonl import describe
from rmexp.records import Record

Item = tuple[Prompt, str]


def items_of(records: Iterable[Record]) -> Iterator[Item]:
    """Each prompt with each of its responses."""
    return ((record.prompt, response) for record in records for response in record.responses)


class WholeTokens(NamedTuple):
    """Prompts and responses before anything is cut, as files keep them.

    Attributes:
        prompt_ids: token ids of all prompts, one behind the other, each with its begin token.
        prompt_ends: (P + 1,) int64, 0 and where each of them ends.
        response_ids: likewise of all responses, each with its end token.
        response_ends: (R + 1,) int64.
        prompt: (N,) int32, the number of each response's prompt.
        response: (N,) int32, its own number.
    """

    prompt_ids: NDArray[Any]
    prompt_ends: NDArray[np.int64]
    response_ids: NDArray[Any]
    response_ends: NDArray[np.int64]
    prompt: NDArray[np.int32]
    response: NDArray[np.int32]


def joined(first: WholeTokens, others: Iterable[WholeTokens]) -> WholeTokens:
    """Tokens of some responses and of those behind them, put into each field as they come."""
    fields: list[array[int]] = [array(column.dtype.char, column.tobytes()) for column in first]
    for part in others:
        prompts, responses = len(fields[1]) - 1, len(fields[3]) - 1
        added = part._replace(
            prompt_ends=part.prompt_ends[1:] + fields[1][-1],
            response_ends=part.response_ends[1:] + fields[3][-1],
            prompt=part.prompt + np.int32(prompts),
            response=part.response + np.int32(responses),
        )
        for field, column in zip(fields, added._asdict().values(), strict=True):
            field.frombytes(column.view(np.uint8).data)
    return WholeTokens(*(np.frombuffer(field, field.typecode) for field in fields))


@dataclass(frozen=True, slots=True)
class Cut:
    """What becomes of sequences that are too long.

    Attributes:
        max_tokens: longest sequence.
        rule: see `fit`.
        begin: id of the token that begins a sequence, which no cut may take; None for none.
    """

    max_tokens: int
    rule: str
    begin: int | None


class EncodedResponses(Sequence[ResponseTokens | None]):
    """Responses to prompts under one rule of truncation; None in the place of one that it drops.

    Args:
        whole: before anything is cut.
        cut: what is too long, and what becomes of it.
    """

    def __init__(self, whole: WholeTokens, cut: Cut) -> None:
        self.whole, self.cut = whole, cut

    @cached_property
    def whole_tokens(self) -> NDArray[np.int64]:
        """(N,) tokens of prompt and response before anything is cut."""
        prompts, responses = np.diff(self.whole.prompt_ends), np.diff(self.whole.response_ends)
        total: NDArray[np.int64] = prompts[self.whole.prompt] + responses[self.whole.response]
        return total

    @property
    def long(self) -> NDArray[np.bool_]:
        """(N,) which of them are too long."""
        return self.whole_tokens > self.cut.max_tokens

    @property
    def dropped(self) -> NDArray[np.bool_]:
        """(N,) which of them are left out."""
        return self.long & (self.cut.rule == "drop")

    @property
    def tokens(self) -> NDArray[np.int64]:
        """(N,) tokens of prompt and response once cut."""
        return np.minimum(self.whole_tokens, self.cut.max_tokens)

    @property
    def identical(self) -> NDArray[np.bool_]:
        """(N / 2,) which pairs of neighbours are the same tokens."""
        alike: NDArray[np.bool_] = np.equal(*self.tokens.reshape(-1, 2).T)
        for place in np.flatnonzero(alike).tolist():
            chosen, rejected = self[2 * place], self[2 * place + 1]
            alike[place] = chosen is not None and rejected is not None and chosen.token_ids == rejected.token_ids
        return alike

    def check_lengths(self, items: Iterable[Item]) -> None:
        """Refuse what is too long where the rule says so.

        Args:
            items: their N prompts with a response each, for the message.

        Raises:
            ValueError: some are too long and data.truncation=error.
        """
        long = self.long
        if self.cut.rule != "error" or not long.any():
            return
        place = int(self.whole_tokens.argmax())
        prompt, response = next(islice(items, place, None))
        raise ValueError(
            f"{len(np.unique(self.whole.response[long]))} of {len(np.unique(self.whole.response))} sequences "
            f"have more than {self.cut.max_tokens} tokens, the longest of them, "
            f"{describe(prompt_text(prompt) or response)}, {self.whole_tokens[place]} "
            "(set data.max_tokens, or data.truncation=cut_prompt|cut_response|drop)"
        )

    def of(self, places: NDArray[np.int64]) -> "EncodedResponses":
        """Some of them."""
        some = self.whole._replace(prompt=self.whole.prompt[places], response=self.whole.response[places])
        return EncodedResponses(some, self.cut)

    def read(self, places: NDArray[np.int64]) -> list[ResponseTokens]:
        """Some of them, of which none is dropped."""
        some = self.of(places)
        return [cast(ResponseTokens, some[place]) for place in range(len(some))]

    def __len__(self) -> int:
        return len(self.whole.prompt)

    @overload
    def __getitem__(self, place: int) -> ResponseTokens | None: ...
    @overload
    def __getitem__(self, place: slice) -> list[ResponseTokens | None]: ...
    def __getitem__(self, place: int | slice) -> ResponseTokens | list[ResponseTokens | None] | None:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        prompt = _row(self.whole.prompt_ids, self.whole.prompt_ends, int(self.whole.prompt[place]))
        response = _row(self.whole.response_ids, self.whole.response_ends, int(self.whole.response[place]))
        begins = int(bool(prompt) and prompt[0] == self.cut.begin)
        fitted = fit(prompt, response, self.cut.max_tokens, self.cut.rule, begins)
        if fitted is None:
            return None
        kept, rest = fitted
        cut = len(kept) + len(rest) < len(prompt) + len(response)
        return ResponseTokens((*kept, *rest), len(kept), cut)


def _row(ids: NDArray[Any], ends: NDArray[np.int64], number: int) -> list[int]:
    found: list[int] = ids[ends[number] : ends[number + 1]].tolist()
    return found
