"""Records to token ids: one rule for what is too long, every outcome counted.

A sequence is the rendered prompt, the response and exactly one end-of-sequence token, also where the response is cut:
the reward is always read at the same kind of place. Prompt and response are tokenised as one text; the response starts
with the first token that carries one of its characters. What looks like a special token in a response, or in a turn
that a chat template renders, is text.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rmexp.data.encoded_cache import Row, cache_file, read_encoded, write_encoded
from rmexp.data.loading import Loading
from rmexp.data.split import group_key
from rmexp.durable import alone
from rmexp.jsonl import describe
from rmexp.models.contract import tokenizer_fields
from rmexp.records import Candidates, Preference, Prompt, prompt_json, prompt_text

OPEN, CLOSE = "\ue000", "\ue001"  # for private use; around such text between rendering and tokenising
DATE = "26 Jul 2024"  # for templates that print today's, which would move rewards with the calendar


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
    def response_tokens(self) -> int:
        """Tokens of the response that something predicts: all but the first where there is no prompt."""
        return len(self.token_ids) - max(self.prompt_tokens, 1)


@dataclass(frozen=True, slots=True)
class PairTokens:
    """A preference, encoded; see `Preference` for `target` and `margin`.

    Attributes:
        reference_logps: summed log-probabilities of chosen and rejected under the reference, for DPO.
        group: what batches keep together, as data.batch_by says; None where they keep nothing together.
    """

    chosen: ResponseTokens
    rejected: ResponseTokens
    target: float
    reference_logps: tuple[float, float] | None = None
    group: str | None = None
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the pairs of one split, or of its demonstrations; `pairs` = `kept` + `dropped` + `identical`.

    Attributes:
        pairs: read.
        kept: encoded, cut or whole.
        truncated: kept, with something cut from at least one side.
        dropped: longer than the limit under data.truncation=drop.
        identical: both sides equal once cut, so that nothing is left to learn.
        tokens: in the kept pairs, both sides.
    """

    pairs: int
    kept: int
    truncated: int
    dropped: int
    identical: int
    tokens: int

    def to_row(self) -> dict[str, int]:
        """For summaries."""
        return asdict(self)


class Encoder:
    """Encodes prompts and responses for one tokenizer, under the limits of a data set.

    Args:
        tokenizer: a fast transformers tokenizer with an end-of-sequence token.
        loading: limits and the truncation rule.
    """

    def __init__(self, tokenizer: Any, loading: Loading) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ValueError(
                f"expected a fast tokenizer, which tells where tokens lie, got {type(tokenizer).__name__} (model.path)"
            )
        if tokenizer.eos_token_id is None:
            raise ValueError("the tokenizer has no end-of-sequence token (`eos_token` in its tokenizer_config.json)")
        self.tokenizer = tokenizer
        self.loading = loading
        special = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
        any_special = "|".join(re.escape(content) for content in sorted(special, key=len, reverse=True))
        self._special = re.compile(any_special or "(?!)")
        self._marked = re.compile(f"{OPEN}({any_special or '(?!)'}){CLOSE}")
        first = tokenizer("a").input_ids[:1]
        self._bos = [tokenizer.bos_token_id] if first == [tokenizer.bos_token_id] else []

    def render(self, prompt: Prompt) -> str:
        """The text of the prompt as the model sees it: by the tokenizer's chat template where it has one."""
        return self._marked.sub(r"\1", self._render(prompt))

    def _render(self, prompt: Prompt) -> str:
        if not self.tokenizer.chat_template:
            return prompt_text(prompt)
        turns = [("user", prompt)] if isinstance(prompt, str) else prompt
        messages = [{"role": role, "content": self.mark(content)} for role, content in turns]
        return str(
            self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, date_string=DATE)
        )

    def encode_cached(self, items: Iterable[tuple[Prompt, str]]) -> list[ResponseTokens | None]:
        """What `encode` gives, kept in a file of data.cache_dir."""
        items = list(items)
        if self.loading.cache_dir is None or not items:
            return self.encode(items)
        code = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
        tokenizer = (tokenizer_fields(self.tokenizer), self.tokenizer.special_tokens_map)
        state = (code, tokenizer, self.loading.max_tokens, self.loading.truncation)
        plain = ((prompt_json(prompt), response) for prompt, response in items)
        path = cache_file(self.loading.cache_dir, state, plain)
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
        prompts = {prompt: self._render(prompt) for prompt, _ in unique}
        lengths = {prompt: len(self._marked.sub(r"\1", text)) for prompt, text in prompts.items()}
        encodings = self.tokenize([prompts[prompt] + self.mark(response) for prompt, response in unique])
        sequences = {
            item: self._sequence(ids, ends, lengths[item[0]])
            for item, (ids, ends) in zip(unique, encodings, strict=True)
        }
        if self.loading.truncation == "error":
            self._refuse_long(sequences)
        done = {item: self._fit(*sequence) for item, sequence in sequences.items()}
        return [done[item] for item in items]

    def encode_prompts(self, prompts: Iterable[Prompt], max_tokens: int) -> list[list[int]]:
        """Ids of prompts for a response to be sampled behind them; longer ones lose tokens from the left."""
        encoded = []
        for ids, _ in self.tokenize([self._render(prompt) for prompt in prompts]):
            whole = [*self._bos, *ids] if ids[: len(self._bos)] != self._bos else ids
            start = self._begin_tokens(whole)
            encoded.append([*whole[:start], *whole[start:][max(0, len(whole) - max_tokens) :]])
        return encoded

    def mark(self, text: str) -> str:
        """Put marks around what looks like a special token, so that `tokenize` takes it for text."""
        return self._special.sub(rf"{OPEN}\g<0>{CLOSE}", text)

    def tokenize(self, texts: Sequence[str]) -> list[tuple[list[int], list[int]]]:
        """Ids of each text, and where each token ends in it, not counting marks."""
        if not texts:
            return []
        pieces = [self._marked.split(text) for text in texts]  # every second one was marked
        plain = self._call([first for first, *_ in pieces])
        for (ids, ends), (first, *others) in zip(plain, pieces, strict=True):
            start = len(first)
            for index, piece in enumerate(others):
                ((more, stops),) = self._call([piece], split_special_tokens=index % 2 == 0)
                ids += more
                ends += [start + stop for stop in stops]
                start += len(piece)
        return plain

    def _call(self, texts: list[str], **options: bool) -> list[tuple[list[int], list[int]]]:
        # not verbose: the limit is data.max_tokens, whatever the tokenizer believes its own to be
        encodings = self.tokenizer(
            texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False, **options
        )
        ends = [[end for _, end in offsets] for offsets in encodings["offset_mapping"]]
        return list(zip(encodings["input_ids"], ends, strict=True))

    def _sequence(self, ids: list[int], ends: list[int], boundary: int) -> tuple[list[int], list[int]]:
        """Prompt with its begin token, response with its end token; the prompt's text ends at `boundary`."""
        prompt_tokens = next((index for index, end in enumerate(ends) if end > boundary), len(ids))
        bos = self._bos if ids[: len(self._bos)] != self._bos else []
        return [*bos, *ids[:prompt_tokens]], [*ids[prompt_tokens:], self.tokenizer.eos_token_id]

    def _refuse_long(self, sequences: Mapping[tuple[Prompt, str], tuple[list[int], list[int]]]) -> None:
        lengths = {item: len(prompt) + len(response) for item, (prompt, response) in sequences.items()}
        long = {item: length for item, length in lengths.items() if length > self.loading.max_tokens}
        if long:
            prompt, response = longest = max(long, key=long.__getitem__)
            raise ValueError(
                f"{len(long)} of {len(lengths)} sequences have more than {self.loading.max_tokens} tokens, the longest "
                f"of them, {describe(prompt_text(prompt) or response)}, {long[longest]} "
                "(set data.max_tokens, or data.truncation=cut_prompt|cut_response|drop)"
            )

    def _fit(self, prompt: list[int], response: list[int]) -> ResponseTokens | None:
        """Apply the truncation rule."""
        excess = len(prompt) + len(response) - self.loading.max_tokens
        if excess <= 0:
            return ResponseTokens((*prompt, *response), len(prompt), False)
        if self.loading.truncation == "drop":
            return None
        return self._cut(prompt, response, excess)

    def _cut(self, prompt: list[int], response: list[int], excess: int) -> ResponseTokens:
        """Cut the side that the rule names, then the other one as far as that was not enough."""
        limit, start = self.loading.max_tokens, self._begin_tokens(prompt)
        least = min(2, len(response), limit - start)  # of the response: where there is room, a token and its end
        if self.loading.truncation == "cut_prompt":
            response_tokens = min(len(response), limit - start)
        else:
            response_tokens = max(least, len(response) - excess)
        prompt = prompt[:start] + prompt[start:][max(0, len(prompt) + response_tokens - limit) :]
        response = [*response[: response_tokens - 1], response[-1]]
        return ResponseTokens((*prompt, *response), len(prompt), True)

    def _begin_tokens(self, prompt: list[int]) -> int:
        """1 where the prompt starts with a begin token, which no cut may take, whether it or its template put it."""
        return int(prompt[:1] == [self.tokenizer.bos_token_id])


def _row(response: ResponseTokens) -> Row:
    return response.token_ids, response.prompt_tokens, response.truncated  # dataclasses.astuple copies every token


def encode_pairs(records: Sequence[Preference], encoder: Encoder) -> tuple[list[PairTokens], Account]:
    """Encode a split and account for every pair of it."""
    encoded = encoder.encode_cached((record.prompt, response) for record in records for response in record.responses)
    pairs: list[PairTokens] = []
    dropped = identical = 0
    for record, chosen, rejected in zip(records, encoded[::2], encoded[1::2], strict=True):
        if chosen is None or rejected is None:
            dropped += 1
        elif chosen.token_ids == rejected.token_ids:
            identical += 1
        else:
            group = _batch_group(record, encoder.loading)
            pairs.append(PairTokens(chosen, rejected, record.target, group=group, margin=record.margin))
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


def _batch_group(record: Preference, loading: Loading) -> str | None:
    if loading.batch_by is None:
        return None
    return group_key(record, None if loading.batch_by == "prompt" else loading.batch_by, "data.batch_by")
