"""Tokenizers that were learnt from many texts, kept beside the encoded data: a next run does not learn them again."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from tokenizers import Tokenizer

from rmexp.checked_arrays import Damaged, read_arrays, write_arrays

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KnownTexts(Iterable[str]):
    """Texts to learn from, with a folder where what is learnt may be kept.

    Attributes:
        read: reads them.
        folder: of encoded data; its files may be deleted at any time.
        digest: of all that they are chosen from, and of how.
    """

    read: Callable[[], Iterator[str]]
    folder: str
    digest: str

    def __iter__(self) -> Iterator[str]:
        return self.read()


def learnt_once(texts: Iterable[str], decides: Any, learn: Callable[[], Tokenizer]) -> Tokenizer:
    """What is learnt from texts; of `KnownTexts` it is learnt once.

    Args:
        texts: to learn from.
        decides: plain data: what else decides the tokenizer.
        learn: learns it.
    """
    if not isinstance(texts, KnownTexts):
        return learn()
    state = json.dumps([texts.digest, decides, tokenizers.__version__])
    path = Path(texts.folder) / f"{hashlib.sha256(state.encode()).hexdigest()[:32]}.tokenizer"
    if path.is_file():
        try:
            return Tokenizer.from_str(read_arrays(path)["tokenizer"].tobytes().decode())
        except (Damaged, OSError) as error:
            log.warning("%s; its tokenizer is learnt again", error)
    found = learn()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(path, {"tokenizer": np.frombuffer(found.to_str().encode(), np.uint8)})
    return found
