"""The engine for a tokenizer: its own, or a faster one that gives the same."""

import logging
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from rmexp.encoding.engines.joined import Joined, between
from rmexp.encoding.engines.words import Engine, Words, parts_before_spaces
from rmexp.encoding.token_rows import TokenRows

log = logging.getLogger(__name__)

COMPARED = 256  # texts of the data that both engines tokenise at the start
_HARD = (  # texts that engines are known to read differently: white space, marks, digits and letters of any kind
    *("", " ", "  a", "a  ", "\t\n a\r\nb", "a\x0bb\x0cc\x1cd\x1fe\x85f\u00a0g\u2028h\u3000i", "\x00\x01\x7f"),
    *("I'll don't 'S \u2019s", "1234567 x\u00b2 \u0661\u0662\u0663 \u2167 \u00bd", "\u00e9e\u0301\u0301 \u0338\u20dd"),
    *("\u01c5\u0130\u017f\u00df\u1e9e \ufb01", "\u200b\u200d\ufeff\u00ad", "\U0001d518\U0001d52b \U0001f642\U0001f3fd"),
    *("\ud55c\uad6d\uc5b4 \u65e5\u672c\u8a9e \u0e44\u0e17\u0e22 \u0627\u0644\u0639", "\ue000\uffff\U000e0001"),
    *("a_b-c.d", "{'a': [1, 2.5e-3]}\n\n\n    return x != y  # no", "AbcDEFg hTTP://x.Y?z=1", "\u2581 \u0120 <0x0A>"),
)


def engine_of(tokenizer: Any, texts: Sequence[str]) -> Engine:
    """What tokenises as a tokenizer does: gigatoken (the extra `fast`) where it is installed, else `Words`, or itself.

    The first two where no text tells them apart from the last.

    Args:
        tokenizer: a fast transformers tokenizer that neither cuts nor pads.
        texts: of the data, the first of which are compared.
    """
    backend = tokenizer.backend_tokenizer

    def own(some: Sequence[str]) -> TokenRows:
        found = backend.encode_batch_fast(list(some), add_special_tokens=False)
        return TokenRows.of([encoding.ids for encoding in found])

    special = [token.content for token in tokenizer.added_tokens_decoder.values()]
    first = list(islice(texts, COMPARED))
    compared = [*_HARD, *special, *(f"a {token} b" for token in special), *first]
    expected = own(compared).lists()
    fast = _gigatoken(tokenizer, first, dict(zip(compared, expected, strict=True)))
    if fast is not None:
        log.info("tokenised by gigatoken, whose tokens are those of the tokenizer in %d texts", len(compared))
        return fast
    words = Words(backend, own) if parts_before_spaces(backend) else own
    return words if words(compared).lists() == expected else own


def _gigatoken(tokenizer: Any, texts: Sequence[str], expected: Mapping[str, list[int]]) -> Engine | None:
    """The engine of gigatoken; None where it is not installed or gives other tokens, which is said.

    Args:
        tokenizer: whose tokens it must give.
        texts: of the data, some of the first.
        expected: ids of texts that are compared.
    """
    try:
        import gigatoken
    except ImportError:
        return None
    added = tokenizer.added_tokens_decoder.values()
    if tokenizer.backend_tokenizer.normalizer is not None and any(token.normalized for token in added):
        log.info("gigatoken finds added tokens before it normalises, this tokenizer afterwards: it tokenises itself")
        return None
    try:
        encode = gigatoken.Tokenizer.from_json(tokenizer.backend_tokenizer.to_str()).encode  # which starts no threads
        fast = Joined(encode, between(tokenizer, texts))
        alone = dict(zip(expected, fast([*expected]).lists(), strict=True)) == expected
        same = alone and all(fast([text, text]).lists() == [ids, ids] for text, ids in expected.items())
    except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
        log.info("gigatoken does not know this tokenizer, which tokenises itself: %s", " ".join(str(error).split()))
        return None
    if not same:
        log.info("gigatoken reads texts otherwise than this tokenizer, which tokenises itself")
    return fast if same else None
