"""Records to token ids.

A sequence is the rendered prompt, the response and exactly one end-of-sequence token, also where the response is cut:
the reward is always read at the same kind of place. Prompt and response are tokenised as one text; the response starts
with the first token that carries one of its characters. What looks like a special token in a response, or in a turn
that a chat template renders, is text (marked_text.py); what is too long meets one rule (truncation.py).
"""

from collections.abc import Iterable, Sequence
from itertools import chain, count, islice
from typing import Any, Self

import numpy as np

from rmexp.data.loading import Limits
from rmexp.dialogue import Prompt
from rmexp.encoding.cache import tokens_of_records
from rmexp.encoding.encoded import Cut, EncodedResponses, Item, WholeTokens, items_of
from rmexp.encoding.marked_text import MarkedText
from rmexp.encoding.rendering import Rendering
from rmexp.encoding.side_tokens import SideTokens
from rmexp.encoding.token_rows import TokenRows, end_to_end
from rmexp.encoding.tokens import ResponseTokens
from rmexp.records import Preference, Record
from rmexp.stored_records import StoredRecords

AT_ONCE = 512  # responses that the tokenizer gets in one call: more of them are slower, and held in memory


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
        self._wide = max(tokenizer.get_vocab().values()) >= 1 << 16  # a vocabulary may have gaps

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
        whole = tokens_of_records(records, self._whole, self.tokenizer, self.limits.cache_dir)
        encoded = EncodedResponses(whole, self._cut)
        encoded.check_lengths(items_of(records))
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
        texts = [self.rendering.prompt(prompt) for prompt in prompts]
        for whole in self._begun(TokenRows.of([ids for ids, _ in self.marked.tokenize(texts)])).lists():
            start = int(whole[:1] == [self.tokenizer.bos_token_id])
            encoded.append([*whole[:start], *whole[start:][max(0, len(whole) - max_tokens) :]])
        return encoded
