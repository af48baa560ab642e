"""What turns texts into token ids: the tokenizer's own engine, or a faster one that is installed and gives the same."""

import logging
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

log = logging.getLogger(__name__)

Engine = Callable[[Sequence[str]], list[list[int]]]  # ids of each text, without special tokens around it

COMPARED = 256  # texts of the data that both engines tokenise at the start
_HARD = (  # texts that engines are known to read differently: white space, marks, digits and letters of any kind
    *("", " ", "  a", "a  ", "\t\n a\r\nb", "a\x0bb\x0cc\x1cd\x1fe\x85f\u00a0g\u2028h\u3000i", "\x00\x01\x7f"),
    *("I'll don't 'S \u2019s", "1234567 x\u00b2 \u0661\u0662\u0663 \u2167 \u00bd", "\u00e9e\u0301\u0301 \u0338\u20dd"),
    *("\u01c5\u0130\u017f\u00df\u1e9e \ufb01", "\u200b\u200d\ufeff\u00ad", "\U0001d518\U0001d52b \U0001f642\U0001f3fd"),
    *("\ud55c\uad6d\uc5b4 \u65e5\u672c\u8a9e \u0e44\u0e17\u0e22 \u0627\u0644\u0639", "\ue000\uffff\U000e0001"),
    *("a_b-c.d", "{'a': [1, 2.5e-3]}\n\n\n    return x != y  # no", "AbcDEFg hTTP://x.Y?z=1", "\u2581 \u0120 <0x0A>"),
)


def engine_of(tokenizer: Any, texts: Sequence[str]) -> Engine:
    """The engine for a tokenizer: gigatoken (the extra `fast`) where it is installed and no text tells the two apart.

    Args:
        tokenizer: a fast transformers tokenizer that neither cuts nor pads.
        texts: of the data, the first of which are compared.
    """
    backend = tokenizer.backend_tokenizer

    def own(some: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in backend.encode_batch_fast(list(some), add_special_tokens=False)]

    try:
        import gigatoken
    except ImportError:
        return own
    special = [token.content for token in tokenizer.added_tokens_decoder.values()]
    compared = [*_HARD, *special, *(f"a {token} b" for token in special), *islice(texts, COMPARED)]
    try:
        fast = gigatoken.Tokenizer.from_json(backend.to_str())
        same = _lists(fast, compared) == own(compared)
    except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
        log.info("gigatoken does not know this tokenizer, which tokenises itself: %s", " ".join(str(error).split()))
        return own
    if not same:
        log.info("gigatoken reads texts otherwise than this tokenizer, which tokenises itself")
        return own
    log.info("tokenised by gigatoken, whose tokens are those of the tokenizer in %d texts", len(compared))
    return lambda some: _lists(fast, some)


def _lists(fast: Any, texts: Sequence[str]) -> list[list[int]]:
    found: list[list[int]] = fast.encode_batch_list(list(texts), parallel=False)  # rows are encoded in forked processes
    return found
