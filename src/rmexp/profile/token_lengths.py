"""How long prompts and responses are, and what sharing a prompt between its responses saves."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rmexp.encoding.endless_runs import without_endless_runs
from rmexp.profile.pair_texts import PairTexts

VOCABULARY = 8192
QUANTILES = {"min": 0, "p5": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95, "max": 100}
_SAMPLE = 2_000_000  # characters from which a tokenizer is learnt
_AT_ONCE = 1000  # texts handed to the tokenizer


class Texts(Protocol):
    """Texts that may be gone over again."""

    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...


class Tokens(NamedTuple):
    """What a tokenizer makes of texts.

    Attributes:
        lengths: (U,) tokens of each text.
        tokenizer: where the tokenizer is from.
    """

    lengths: NDArray[np.int64]
    tokenizer: str


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of texts and what they cost.

    Attributes:
        tokenizer: where it is from.
        tokens: of prompts, chosen and rejected responses, quantiles and mean over pairs.
        characters: likewise.
        total: tokens of all pairs, each prompt counted once a pair.
        prompt_share: share of them that are prompt.
        saved_by_pair: share of the tokens of two separate sequences a pair that is saved when its responses share
            the prompt.
        saved_by_prompt: the same when all different responses to a prompt share it.
        pairs_per_prompt: mean.
        max_tokens: longest sequence that training would take.
        too_long: pairs of which a prompt with a response is longer; what a chat template adds is not counted.
    """

    tokenizer: str
    tokens: dict[str, dict[str, float]]
    characters: dict[str, dict[str, float]]
    total: int
    prompt_share: float
    saved_by_pair: float
    saved_by_prompt: float
    pairs_per_prompt: float
    max_tokens: int
    too_long: int


def tokens_of(texts: Texts, path: str | None) -> Tokens:
    """Count tokens.

    Args:
        texts: U texts, which are gone over several times; special tokens are not added.
        path: folder with a `tokenizer.json`, that file, or the id of a model on the hub; None learns a byte-level BPE
            from a sample of the texts.

    Raises:
        ValueError: there is no tokenizer.
    """
    tokenizer, name = _learnt(texts) if path is None else (_loaded(path), path)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    lengths, left = array("q"), iter(texts)
    while batch := list(islice(left, _AT_ONCE)):
        encoded = tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        lengths.extend(len(encoding.ids) for encoding in encoded)
    return Tokens(np.frombuffer(lengths, np.int64), name)


def length_figures(texts: PairTexts, tokens: Tokens, max_tokens: int) -> Lengths:
    """Lengths of the prompts, and of the responses as the labels order them.

    Args:
        texts: of N pairs, at least one.
        tokens: of the same texts.
        max_tokens: longest sequence that training would take.
    """
    characters = texts.each(len)
    parts = {"prompt": texts.prompt, "chosen": texts.preferred, "rejected": texts.other}
    prompts, responses = tokens.lengths[texts.prompt].sum(), texts.sides(tokens.lengths).sum()
    separate = max(1, 2 * prompts + responses)
    once = tokens.lengths[np.unique(texts.prompt)].sum()
    both = np.concatenate([texts.prompt * len(texts.texts) + side for side in (texts.chosen, texts.rejected)])
    distinct = tokens.lengths[np.unique(both) % len(texts.texts)].sum()
    return Lengths(
        tokenizer=tokens.tokenizer,
        tokens={name: _quantiles(tokens.lengths[part]) for name, part in parts.items()},
        characters={name: _quantiles(characters[part]) for name, part in parts.items()},
        total=int(prompts + responses),
        prompt_share=float(prompts / max(1, prompts + responses)),
        saved_by_pair=float(prompts / separate),
        saved_by_prompt=float(1 - (once + distinct) / separate),
        pairs_per_prompt=len(texts) / len(np.unique(texts.prompt)),
        max_tokens=max_tokens,
        too_long=int((tokens.lengths[texts.prompt] + texts.sides(tokens.lengths).max(axis=1) > max_tokens).sum()),
    )


def _quantiles(values: NDArray[Any]) -> dict[str, float]:
    found = np.percentile(values, list(QUANTILES.values()))
    return {"mean": round(float(values.mean()), 2), **dict(zip(QUANTILES, found.tolist(), strict=True))}


def _loaded(path: str) -> Any:
    from tokenizers import Tokenizer

    file = Path(path) / "tokenizer.json" if Path(path).is_dir() else Path(path)
    load: Callable[[str], Any] = Tokenizer.from_file if file.is_file() else Tokenizer.from_pretrained
    try:
        return load(str(file) if file.is_file() else path)
    except Exception as error:  # the library raises nothing more particular
        raise ValueError(
            f"expected a folder with a tokenizer.json, such a file or the id of a model on the hub, got {path} "
            f"({' '.join(str(error).split())[:200]}; set tokenizer, or null to learn one from the data)"
        ) from error


def _learnt(texts: Texts) -> tuple[Any, str]:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    characters = sum(map(len, texts))
    step = max(1, round(characters / _SAMPLE))
    longest = max(1, _SAMPLE // max(1, -(-len(texts) // step)))
    some = (without_endless_runs(text[: 20 * longest]) for text in islice(texts, None, None, step))
    tokenizer.train_from_iterator(some, trainer)
    return tokenizer, f"byte-level BPE of {tokenizer.get_vocab_size():,} tokens, learnt from this data"
