"""Token ids of prompts and of responses to them: of both as one text, or apart where that gives the same."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rmexp.dialogue import Prompt
from rmexp.encoding.marked_text import PLACE, MarkedText
from rmexp.encoding.parted_text import Ending, PartedText, SideRows, Sides, unmarked
from rmexp.encoding.rendering import Rendering

log = logging.getLogger(__name__)

COMPARED = 64  # responses of the first call that are tokenised in both ways


class SideTokens:
    """Tokenises for one tokenizer.

    Args:
        tokenizer: a fast transformers tokenizer.
        marked: marks what looks like its special tokens.
        rendering: of prompts and responses.
    """

    def __init__(self, tokenizer: Any, marked: MarkedText, rendering: Rendering) -> None:
        self._marked, self._rendering, self._parted = marked, rendering, PartedText(tokenizer)
        self._ending: Ending | None = None  # of rendered prompts, where these and responses are tokenised apart
        self._compared = not tokenizer.chat_template  # where there is none, no special token parts the two

    def of(self, items: Sequence[tuple[Prompt, str]]) -> SideRows:
        """Ids of each prompt and of each response, which has every token that carries one of its characters."""
        starts = {prompt: self._rendering.prompt(prompt) for prompt in dict.fromkeys(prompt for prompt, _ in items)}
        if self._compared and self._all_part(starts.values(), [response for _, response in items]):
            assert self._ending is not None
            places = {prompt: place for place, prompt in enumerate(starts)}
            parted = [(places[prompt], response) for prompt, response in items]
            return self._parted.tokenize(self._ending, list(starts.values()), parted)
        return SideRows.of(self._one_by_one(items, starts))

    def _all_part(self, starts: Iterable[str], responses: Sequence[str]) -> bool:
        """Whether all prompts, rendered, can be tokenised apart from all responses, and nothing is to be marked."""
        if self._ending is None or not all(type(response) is str for response in responses):
            return False
        end, text = self._ending.text, PLACE.join(responses)
        nothing = unmarked(text) and not self._marked.has_special(text)
        return nothing and all(start.endswith(end) and unmarked(start) for start in starts)

    def _one_by_one(self, items: Sequence[tuple[Prompt, str]], starts: Mapping[Prompt, str]) -> list[Sides]:
        """The same of prompts as they were rendered, some of which can be tokenised apart from their responses."""
        ends = {prompt: len(self._marked.unmark(start)) for prompt, start in starts.items()}
        texts = [self._rendering.whole(prompt, response, starts[prompt], ends[prompt]) for prompt, response in items]
        if not self._compared:
            self._compare(items[:COMPARED], starts, texts[:COMPARED])
        apart = [place for place, (prompt, _) in enumerate(items) if self._parts(starts[prompt], texts[place][0])]
        others = sorted(set(range(len(items))).difference(apart))
        found = dict(zip(apart, self._apart([(starts[items[at][0]], texts[at][0]) for at in apart]), strict=True))
        found |= zip(others, self._jointly([texts[at] for at in others]), strict=True)
        return [found[place] for place in range(len(items))]

    def _parts(self, start: str, text: str) -> bool:
        """Whether a prompt, rendered, can be tokenised apart from the rest of a text."""
        ends = self._ending is not None and start.endswith(self._ending.text)
        return ends and unmarked(text) and text.startswith(start)

    def _compare(
        self, items: Sequence[tuple[Prompt, str]], starts: Mapping[Prompt, str], texts: Sequence[tuple[str, int]]
    ) -> None:
        """Find out how prompts end, and whether both ways give the same ids."""
        self._ending = self._parted.ending(starts[items[0][0]])
        some = [at for at, (prompt, _) in enumerate(items) if self._parts(starts[prompt], texts[at][0])]
        if not some:
            return
        self._compared = True
        apart = self._apart([(starts[items[at][0]], texts[at][0]) for at in some])
        if apart != self._jointly([texts[at] for at in some]):
            log.info("prompts and responses are tokenised together: this tokenizer reads them otherwise apart")
            self._ending = None

    def _apart(self, texts: Sequence[tuple[str, str]]) -> list[Sides]:
        """Of starts and of the whole texts that begin with them."""
        if self._ending is None or not texts:
            return []
        places = {start: place for place, start in enumerate(dict.fromkeys(start for start, _ in texts))}
        responses = [(places[start], text.removeprefix(start)) for start, text in texts]
        return self._parted.tokenize(self._ending, list(places), responses).lists()

    def _jointly(self, texts: Sequence[tuple[str, int]]) -> list[Sides]:
        """Of whole texts, and where the prompt ends in each."""
        found = list[Sides]()
        for (ids, ends), (_, boundary) in zip(self._marked.tokenize([text for text, _ in texts]), texts, strict=True):
            first = next((index for index, end in enumerate(ends) if end > boundary), len(ids))
            found.append((ids[:first], ids[first:]))
        return found
