"""What a reward model of others reads of a prompt with a response, and what is kept of it where it is too long.

Whatever fits is read exactly as transformers reads it, but for one thing: what looks like a special token in a text
stays text, while transformers would take it for the token itself, so that a response could end its own turn. What does
not fit meets the one rule for it (encoding/truncation.py), as with every scorer.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from rmexp.data.loading import Limits
from rmexp.encoding.encode import Encoder
from rmexp.encoding.truncation import fit
from rmexp.records import Prompt, prompt_text

Inputs = dict[str, list[int]]  # input_ids and whatever else the tokenizer gives, one number a token each


class HubInputs:
    """Encodes prompts with responses for a model of others.

    A tokenizer with a chat template renders the whole conversation; one without takes prompt and response as a pair of
    texts.

    Args:
        tokenizer: of the model; a fast one, where it has a template or something has to be cut.
        limits: limits and the truncation rule.
    """

    def __init__(self, tokenizer: Any, limits: Limits) -> None:
        self.tokenizer, self.limits = tokenizer, limits
        self._chat = Encoder(tokenizer, limits) if tokenizer.chat_template else None

    def encode(self, items: Sequence[tuple[Prompt, str]]) -> list[tuple[Inputs, bool] | None]:
        """The inputs of each item, and whether anything was cut of it; None for one that is dropped.

        Raises:
            ValueError: one is too long, and data.truncation=error.
        """
        if self._chat is None:
            return [self._pair(prompt_text(prompt), response) for prompt, response in items]
        texts = [self._chat.rendering.conversation(*item) for item in items]
        encoded = self._chat.marked.tokenize(texts)
        return [
            self._cut_conversation(self._chat, item, text, *found)
            for item, text, found in zip(items, texts, encoded, strict=True)
        ]

    def _cut_conversation(
        self, encoder: Encoder, item: tuple[Prompt, str], text: str, ids: list[int], ends: list[int]
    ) -> tuple[Inputs, bool] | None:
        if len(ids) <= self.limits.max_tokens:
            return {"input_ids": ids}, False
        start, end = response_place(encoder.marked.unmark(text), encoder.render(item[0]), item[1])
        prompt_tokens = sum(stop <= start for stop in ends)
        begin = int(ids[0] == self.tokenizer.bos_token_id)
        after = min(sum(stop > end for stop in ends), len(ids) - prompt_tokens)
        return self._cut({"input_ids": ids}, prompt_tokens, begin, after)

    def _pair(self, prompt: str, response: str) -> tuple[Inputs, bool] | None:
        found = self.tokenizer(prompt, response, verbose=False, split_special_tokens=True)
        inputs: Inputs = dict(found)
        if len(inputs["input_ids"]) <= self.limits.max_tokens:
            return inputs, False
        if not self.tokenizer.is_fast:
            raise ValueError(
                f"expected a fast tokenizer, which tells where a response begins that has to be cut, got "
                f"{type(self.tokenizer).__name__} (set scorer.path or data.max_tokens)"
            )
        sides = found.sequence_ids(0)  # 0 in the prompt, 1 in the response, None in what the tokenizer adds
        texts = [index for index, side in enumerate(sides) if side is not None]
        prompt_tokens = sides.index(1) if 1 in sides else texts[-1] + 1  # a response may come to no token
        return self._cut(inputs, prompt_tokens, texts[0], len(sides) - 1 - texts[-1])

    def _cut(self, whole: Inputs, prompt_tokens: int, begin: int, end: int) -> tuple[Inputs, bool] | None:
        """What the rule keeps of inputs that are too long, of which the first `prompt_tokens` are the prompt's."""
        tokens, limit, rule = len(whole["input_ids"]), self.limits.max_tokens, self.limits.truncation
        if rule == "error":
            raise ValueError(
                f"a sequence has {tokens} tokens, expected at most {limit} (set data.max_tokens, or "
                "data.truncation=cut_prompt|cut_response)"
            )
        sides = [*range(prompt_tokens)], [*range(prompt_tokens, tokens)]
        fitted = fit(*sides, limit, rule, begin, end)
        if fitted is None:
            return None
        kept = [*fitted[0], *fitted[1]]
        return {name: [values[index] for index in kept] for name, values in whole.items()}, True


def response_place(conversation: str, prompt: str, response: str) -> tuple[int, int]:
    """First character of the response in a rendered conversation, and the one after its last.

    Args:
        conversation: prompt and response, rendered.
        prompt: rendered by itself, for a response to be written behind it.
        response: its text, which a template may have stripped.

    >>> response_place("U: hi A: yes END", "U: hi A: ", "yes")
    (9, 12)
    """
    alike = (one == other for one, other in zip(conversation, prompt, strict=False))
    start = sum(takewhile(bool, alike))
    if conversation.startswith(response, start):
        return start, start + len(response)
    text = response.strip()
    found = conversation.find(text, start)
    found = conversation.rfind(text) if found < 0 else found
    return start, len(conversation) if found < 0 else found + len(text)
