"""Text in which what looks like a special token stays text: marked before it is rendered, tokenised piece by piece."""

import re
from collections.abc import Sequence
from typing import Any

OPEN, CLOSE = "\ue000", "\ue001"  # for private use; around such text between rendering and tokenising
PLACE = "\ue002"  # likewise; where a text is to stand


class MarkedText:
    """Marks and tokenises for one tokenizer.

    Args:
        tokenizer: a fast transformers tokenizer.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        special = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
        any_special = "|".join(re.escape(content) for content in sorted(special, key=len, reverse=True)) or "(?!)"
        self._special = re.compile(any_special)
        self._firsts = {content[:1] for content in special}  # no text without one of them has a special token
        self._marked = re.compile(f"{OPEN}({any_special}){CLOSE}")

    def mark(self, text: str) -> str:
        """Put marks around what looks like a special token, so that `tokenize` takes it for text."""
        for first in self._firsts:
            if first in text:
                return self._special.sub(rf"{OPEN}\g<0>{CLOSE}", text)
        return text

    def has_special(self, text: str) -> bool:
        """Whether anything in a text looks like a special token."""
        return any(first in text for first in self._firsts) and self._special.search(text) is not None

    def mark_all(self, value: Any) -> Any:
        """JSON with every text in it marked."""
        if isinstance(value, str):
            return self.mark(value)
        if isinstance(value, dict):
            return {key: self.mark_all(item) for key, item in value.items()}
        return [self.mark_all(item) for item in value] if isinstance(value, list) else value

    def unmark(self, text: str) -> str:
        """The text without the marks."""
        return self._marked.sub(r"\1", text) if OPEN in text else text

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
        encodings = self._tokenizer(
            texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False, **options
        )
        ends = [[end for _, end in offsets] for offsets in encodings["offset_mapping"]]
        return list(zip(encodings["input_ids"], ends, strict=True))
