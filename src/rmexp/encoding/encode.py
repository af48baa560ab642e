"""Records to token ids, every outcome counted.

A sequence is the rendered prompt, the response and exactly one end-of-sequence token, also where the response is cut:
the reward is always read at the same kind of place. Prompt and response are tokenised as one text; the response starts
with the first token that carries one of its characters. What looks like a special token in a response, or in a turn
that a chat template renders, is text (marked_text.py); what is too long meets one rule (truncation.py).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rmexp.data.loading import Limits
from rmexp.data.split import group_key
from rmexp.dialogue import Prompt, prompt_json, prompt_text, response_json
from rmexp.durable import alone
from rmexp.encoding.account import Account
from rmexp.encoding.cache import Row, cache_file, read_encoded, write_encoded
from rmexp.encoding.marked_text import MarkedText
from rmexp.encoding.rendering import Rendering
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.encoding.truncation import fit
from rmexp.jsonl import describe
from rmexp.phases import Phase, phase
from rmexp.records import Candidates, Preference

_PARTS = ("encode.py", "marked_text.py", "pinned_date.py", "rendering.py", "truncation.py")
CODE = tuple(Path(__file__).with_name(name) for name in _PARTS)  # what decides the ids


@dataclass(frozen=True, slots=True)
class ResponseTokens:
    """One prompt with one response.

    Attributes:
        token_ids: prompt, response, end token.
        prompt_tokens: how many of them belong to the prompt.
        truncated: whether anything was cut.
    """

    token_ids: tuple[int, ...]
    prompt_tokens: int
    truncated: bool

    @property
    def tokens(self) -> int:
        """Tokens of prompt and response."""
        return len(self.token_ids)

    @property
    def response_tokens(self) -> int:
        """Tokens of the response that something predicts: all but the first where there is no prompt."""
        return len(self.token_ids) - max(self.prompt_tokens, 1)


@dataclass(frozen=True, slots=True)
class PairTokens:
    """A preference, encoded; see `Preference` for `target` and `margin`.

    Attributes:
        reference_logps: summed log-probabilities of chosen and rejected under the reference, for DPO.
        group: what batches keep together, as data.batch_by says; None where they keep nothing together.
        place: of the preference among those that were encoded, some of which may be left out.
    """

    chosen: ResponseTokens
    rejected: ResponseTokens
    target: float
    reference_logps: tuple[float, float] | None = None
    group: str | None = None
    margin: float | None = None
    place: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of both sides."""
        return self.chosen.tokens + self.rejected.tokens


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
        self.marked = MarkedText(tokenizer)
        self.rendering = Rendering(tokenizer, self.marked)
        first = tokenizer("a").input_ids[:1]
        self._bos = [tokenizer.bos_token_id] if first == [tokenizer.bos_token_id] else []

    def render(self, prompt: Prompt) -> str:
        """The text of the prompt as the model sees it: by the tokenizer's chat template where it has one."""
        return self.marked.unmark(self.rendering.prompt(prompt))

    def text(self, prompt: Prompt, response: str) -> str:
        """The text of prompt and response as the model sees them, without the end token."""
        return self.marked.unmark(self.rendering.whole(prompt, response, self.rendering.prompt(prompt))[0])

    def encode_cached(self, items: Iterable[tuple[Prompt, str]]) -> list[ResponseTokens | None]:
        """What `encode` gives, kept in a file of data.cache_dir."""
        items = list(items)
        with phase(Phase.ENCODING, f"{len(items):,} responses"):
            return self._cached(items)

    def _cached(self, items: list[tuple[Prompt, str]]) -> list[ResponseTokens | None]:
        if self.limits.cache_dir is None or not items:
            return self.encode(items)
        code = [hashlib.sha256(path.read_bytes()).hexdigest() for path in CODE]
        tokenizer = (tokenizer_fields(self.tokenizer), self.tokenizer.special_tokens_map)
        state = (code, tokenizer, self.limits.max_tokens, self.limits.truncation)
        plain = ((prompt_json(prompt), response_json(response)) for prompt, response in items)
        path = cache_file(self.limits.cache_dir, state, plain)
        with alone(path.with_suffix(".lock")):
            rows = read_encoded(path)
            if rows is not None:
                return [None if row is None else ResponseTokens(*row) for row in rows]
            responses = self.encode(items)
            write_encoded(path, [None if response is None else _row(response) for response in responses])
        return responses

    def encode(self, items: Iterable[tuple[Prompt, str]]) -> list[ResponseTokens | None]:
        """Encode prompts with their responses; None where one is too long and data.truncation=drop.

        Raises:
            ValueError: some are too long and data.truncation=error.
        """
        items = list(items)
        unique = list(dict.fromkeys(items))
        prompts = {prompt: self.rendering.prompt(prompt) for prompt, _ in unique}
        texts = [self.rendering.whole(prompt, response, prompts[prompt]) for prompt, response in unique]
        encodings = self.marked.tokenize([text for text, _ in texts])
        sequences = {
            item: self._sequence(ids, ends, boundary)
            for item, (ids, ends), (_, boundary) in zip(unique, encodings, texts, strict=True)
        }
        if self.limits.truncation == "error":
            self._refuse_long(sequences)
        done = {item: self._fit(*sequence) for item, sequence in sequences.items()}
        return [done[item] for item in items]

    def encode_prompts(self, prompts: Iterable[Prompt], max_tokens: int) -> list[list[int]]:
        """Ids of prompts for a response to be sampled behind them; longer ones lose tokens from the left."""
        encoded = []
        for ids, _ in self.marked.tokenize([self.rendering.prompt(prompt) for prompt in prompts]):
            whole = [*self._bos, *ids] if ids[: len(self._bos)] != self._bos else ids
            start = self._begin_tokens(whole)
            encoded.append([*whole[:start], *whole[start:][max(0, len(whole) - max_tokens) :]])
        return encoded

    def _sequence(self, ids: list[int], ends: list[int], boundary: int) -> tuple[list[int], list[int]]:
        """Prompt with its begin token, response with its end token; the prompt's text ends at `boundary`."""
        prompt_tokens = next((index for index, end in enumerate(ends) if end > boundary), len(ids))
        bos = self._bos if ids[: len(self._bos)] != self._bos else []
        return [*bos, *ids[:prompt_tokens]], [*ids[prompt_tokens:], self.tokenizer.eos_token_id]

    def _refuse_long(self, sequences: Mapping[tuple[Prompt, str], tuple[list[int], list[int]]]) -> None:
        lengths = {item: len(prompt) + len(response) for item, (prompt, response) in sequences.items()}
        long = {item: length for item, length in lengths.items() if length > self.limits.max_tokens}
        if long:
            prompt, response = longest = max(long, key=long.__getitem__)
            raise ValueError(
                f"{len(long)} of {len(lengths)} sequences have more than {self.limits.max_tokens} tokens, the longest "
                f"of them, {describe(prompt_text(prompt) or response)}, {long[longest]} "
                "(set data.max_tokens, or data.truncation=cut_prompt|cut_response|drop)"
            )

    def _fit(self, prompt: list[int], response: list[int]) -> ResponseTokens | None:
        fitted = fit(prompt, response, self.limits.max_tokens, self.limits.truncation, self._begin_tokens(prompt))
        if fitted is None:
            return None
        kept, rest = fitted
        cut = len(kept) + len(rest) < len(prompt) + len(response)
        return ResponseTokens((*kept, *rest), len(kept), cut)

    def _begin_tokens(self, prompt: list[int]) -> int:
        """1 where the prompt starts with a begin token, which no cut may take, whether it or its template put it."""
        return int(prompt[:1] == [self.tokenizer.bos_token_id])


def _row(response: ResponseTokens) -> Row:
    return response.token_ids, response.prompt_tokens, response.truncated  # dataclasses.astuple copies every token


def encode_pairs(
    records: Sequence[Preference], encoder: Encoder, batch_by: str | None = None
) -> tuple[list[PairTokens], Account]:
    """Encode a split and account for every pair of it.

    Args:
        records: of the split.
        encoder: of prompts and responses.
        batch_by: what batches keep together, see `Batching`.
    """
    encoded = encoder.encode_cached((record.prompt, response) for record in records for response in record.responses)
    pairs: list[PairTokens] = []
    dropped = identical = 0
    for place, (record, chosen, rejected) in enumerate(zip(records, encoded[::2], encoded[1::2], strict=True)):
        if chosen is None or rejected is None:
            dropped += 1
        elif chosen.token_ids == rejected.token_ids:
            identical += 1
        else:
            group = _batch_group(record, batch_by)
            pairs.append(PairTokens(chosen, rejected, record.target, group=group, margin=record.margin, place=place))
    account = Account(
        pairs=len(records),
        kept=len(pairs),
        truncated=sum(pair.chosen.truncated or pair.rejected.truncated for pair in pairs),
        dropped=dropped,
        identical=identical,
        tokens=sum(len(pair.chosen.token_ids) + len(pair.rejected.token_ids) for pair in pairs),
    )
    return pairs, account


def encode_demonstrations(records: Sequence[Candidates], encoder: Encoder) -> tuple[list[ResponseTokens], Account]:
    """Encode the responses of a split, each of them to be learnt, and account for every one."""
    encoded = encoder.encode_cached((record.prompt, response) for record in records for response in record.responses)
    kept = [response for response in encoded if response is not None]
    return kept, Account(
        pairs=len(encoded),
        kept=len(kept),
        truncated=sum(response.truncated for response in kept),
        dropped=len(encoded) - len(kept),
        identical=0,
        tokens=sum(len(response.token_ids) for response in kept),
    )


def _batch_group(record: Preference, batch_by: str | None) -> str | None:
    if batch_by is None:
        return None
    return group_key(record, None if batch_by == "prompt" else batch_by, "data.batch_by")
