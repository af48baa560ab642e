"""Records to token ids.

A sequence is the rendered prompt, the response and exactly one end-of-sequence token, also where the response is cut:
the reward is always read at the same kind of place. Prompt and response are tokenised as one text; the response starts
with the first token that carries one of its characters. What looks like a special token in a response, or in a turn
that a chat template renders, is text (marked_text.py); what is too long meets one rule (truncation.py).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, Self

import numpy as np

from rmexp.data.loading import Limits
from rmexp.dialogue import Prompt
from rmexp.encoding.cache import encoded_once
from rmexp.encoding.encoded import Cut, EncodedResponses, Item, WholeTokens, joined
from rmexp.encoding.marked_text import MarkedText
from rmexp.encoding.rendering import Rendering, rows_named
from rmexp.encoding.side_tokens import SideTokens
from rmexp.encoding.token_rows import TokenRows, end_to_end
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.side_by_side import side_by_side
from rmexp.phases import Phase, phase
from rmexp.records import Preference, Record
from rmexp.stored_records import StoredRecords, texts_digest

SEVERAL = 8192  # pairs that are worth several processes
PART = 4096  # pairs that one of them encodes at once: as many responses as a multiple of AT_ONCE
AT_ONCE = 512  # responses that the tokenizer gets in one call: more of them are slower, and held in memory

_PARTS = (
    *("encode.py", "engines/engine.py", "engines/words.py", "frames.py", "marked_text.py", "parted_text.py"),
    *("pinned_date.py", "rendering.py", "side_tokens.py", "token_rows.py"),
)
CODE = tuple(Path(__file__).parent / name for name in _PARTS)  # what decides the ids


class Encoder:
    """Encodes prompts and responses for one tokenizer, under the limits of a data set.

    Args:
        tokenizer: a fast transformers tokenizer with an end-of-sequence token.
        limits: of a data set.
    """

    def __init__(self, tokenizer: Any, limits: Limits) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ValueError(
                f"expected a fast tokenizer, which tells where tokens lie, got {type(tokenizer).__name__} (model.path)"
            )
        if tokenizer.eos_token_id is None:
            raise ValueError("the tokenizer has no end-of-sequence token (`eos_token` in its tokenizer_config.json)")
        self.tokenizer = tokenizer
        self.limits = limits
        self._cut = Cut(limits.max_tokens, limits.truncation, tokenizer.bos_token_id)
        self.marked = MarkedText(tokenizer)
        self.rendering = Rendering(tokenizer, self.marked)
        self._sides = SideTokens(tokenizer, self.marked, self.rendering)
        first = tokenizer("a").input_ids[:1]
        self._bos: int | None = tokenizer.bos_token_id if first == [tokenizer.bos_token_id] else None
        self._last: tuple[Sequence[Record], EncodedResponses] | None = None  # of which some neighbours were asked for
        self._wide = max(len(tokenizer), *tokenizer.added_tokens_decoder, 0) >= 1 << 16

    def without_dropping(self) -> Self:
        """One that encodes every response; see `Limits`."""
        return self if self.limits.truncation != "drop" else type(self)(self.tokenizer, self.limits.without_dropping())

    def render(self, prompt: Prompt) -> str:
        """The text of the prompt as the model sees it: by the tokenizer's chat template where it has one."""
        return self.marked.unmark(self.rendering.prompt(prompt))

    def text(self, prompt: Prompt, response: str) -> str:
        """The text of prompt and response as the model sees them, without the end token."""
        return self.marked.unmark(self.rendering.whole(prompt, response, self.rendering.prompt(prompt), 0)[0])

    def encode_records(self, records: Sequence[Record]) -> EncodedResponses:
        """All responses of all records, in order, kept in a file of data.cache_dir: of neighbours, with all others.

        Raises:
            ValueError: some are too long and data.truncation=error, or the chat template refuses one.
        """
        whole, first = records.within or (records, 0) if isinstance(records, StoredRecords) else (records, 0)
        if whole is not records and isinstance(whole[0], Preference):  # others may have any number of responses
            if self._last is None or self._last[0] is not whole:
                self._last = whole, self._encoded(whole)
            return self._last[1].of(np.arange(2 * first, 2 * (first + len(records))))
        return self._encoded(records)

    def _encoded(self, records: Sequence[Record]) -> EncodedResponses:
        with phase(Phase.ENCODING, f"{len(records):,} records"), rows_named(records):
            whole = self._kept(records)
        encoded = EncodedResponses(whole, self._cut)
        encoded.check_lengths(_items(records))
        return encoded

    def encode(self, items: Iterable[Item]) -> list[ResponseTokens | None]:
        """Encode prompts with their responses; None where one is too long and data.truncation=drop.

        Raises:
            ValueError: some are too long and data.truncation=error.
        """
        items = list(items)
        encoded = EncodedResponses(self._whole(items), self._cut)
        encoded.check_lengths(items)
        return list(encoded)

    def _kept(self, records: Sequence[Record]) -> WholeTokens:
        if self.limits.cache_dir is None or not records:
            return self._all(records)
        code = [hashlib.sha256(path.read_bytes()).hexdigest() for path in CODE]
        state = (code, tokenizer_fields(self.tokenizer), self.tokenizer.special_tokens_map, texts_digest(records))
        return encoded_once(self.limits.cache_dir, state, lambda: self._all(records))

    def _all(self, records: Sequence[Record]) -> WholeTokens:
        """All responses of records; of many pairs side by side, from where what is found out first is known."""
        if len(records) < SEVERAL or not isinstance(records, StoredRecords) or not isinstance(records[0], Preference):
            return self._whole(_items(records))
        bounds = [0, *range(AT_ONCE, len(records), PART), len(records)]
        first, *others = map(slice, bounds, bounds[1:])
        begun = self._whole(_items(records[first]))
        rest = side_by_side(lambda part: self._whole(_items(records[part])), others)
        return joined(begun, rest)

    def _whole(self, items: Iterable[Item]) -> WholeTokens:
        """Prompts and responses before anything is cut; what some neighbours share is encoded and kept once."""
        prompts, responses, rest = list[TokenRows](), list[TokenRows](), iter(items)
        numbers, before = ([np.empty(0, np.int32)], [np.empty(0, np.int32)]), (0, 0)
        while some := list(islice(rest, AT_ONCE)):
            place = dict(zip(dict.fromkeys(some), count()))
            own = np.fromiter(map(place.__getitem__, some), np.int32, len(some))
            sides = self._sides.of([*place])
            prompts.append(self._begun(sides.prompts))
            responses.append(sides.responses.ending_in(self.tokenizer.eos_token_id))
            for column, part, first in zip(numbers, (sides.prompt[own], own), before, strict=True):
                column.append(part + np.int32(first))
            before = before[0] + len(sides.prompts.ends) - 1, before[1] + len(place)
        rows = (end_to_end(part, np.uint32 if self._wide else np.uint16) for part in (prompts, responses))
        return WholeTokens(*chain.from_iterable(rows), *map(np.concatenate, numbers))

    def _begun(self, rows: TokenRows) -> TokenRows:
        """Ids of prompts with the begin token in front, where the tokenizer puts one and the template does not."""
        return rows.beginning_with(self._bos) if self._bos is not None else rows

    def encode_prompts(self, prompts: Iterable[Prompt], max_tokens: int) -> list[list[int]]:
        """Ids of prompts for a response to be sampled behind them; longer ones lose tokens from the left."""
        encoded = []
        for ids, _ in self.marked.tokenize([self.rendering.prompt(prompt) for prompt in prompts]):
            whole = [self._bos, *ids] if self._bos is not None and ids[:1] != [self._bos] else ids
            start = int(whole[:1] == [self.tokenizer.bos_token_id])
            encoded.append([*whole[:start], *whole[start:][max(0, len(whole) - max_tokens) :]])
        return encoded


def _items(records: Iterable[Record]) -> Iterator[Item]:
    return ((record.prompt, response) for record in records for response in record.responses)
