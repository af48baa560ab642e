"""A byte-level BPE tokenizer that is learnt from texts; nothing heavy is imported for it."""

import hashlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from rmexp.encoding import endless_runs
from rmexp.encoding.endless_runs import without_endless_runs
from rmexp.models.backbones.kept_tokenizer import learnt_once

BEGIN, END, PAD = "<|begin|>", "<|end|>", "<|pad|>"
ROLES = ("system", "user", "assistant")
_CODE = Path(__file__), Path(endless_runs.__file__)  # what decides the tokenizer


def byte_pairs(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A tokenizer with a special token for each role.

    Args:
        texts: to learn from; of `KnownTexts` it is learnt once.
        vocabulary: tokens at most, at least 262 (256 bytes and 6 special tokens).
    """
    code = hashlib.sha256(b"".join(path.read_bytes() for path in _CODE)).hexdigest()
    return learnt_once(texts, [code, vocabulary], partial(_learnt, texts, vocabulary))


def _learnt(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, BEGIN, END, *(f"<|{role}|>" for role in ROLES)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(map(without_endless_runs, texts), trainer)
    return bpe
