"""Made preference pairs of natural lengths, some of whose prompts repeat, nearly repeat, or differ in case alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS, LETTERS = 50_000, "etaoinshrdlucmfwypvbgkqjxz"
SEVERAL = 5000  # pairs drawn at once
REPEATED, NEARLY, OTHER_CASE = 0.3, 0.01, 0.005  # shares of the prompts
RECENT = 20_000  # prompts that may be repeated


def write_pairs(path: Path, pairs: int, words: int = 35, seed: int = 0) -> None:
    """Write pairs as JSON lines.

    Args:
        path: of the file.
        pairs: how many.
        words: of a text, in the mean.
        seed: of all that is drawn.
    """
    with path.open("w", encoding="utf-8") as file:
        for index, (prompt, chosen, rejected) in enumerate(made(pairs, words, seed)):
            row = {"id": f"r{index}", "prompt": prompt, "chosen": chosen, "rejected": rejected}
            file.write(json.dumps({**row, "meta": {"source": f"s{index % 5}"}}, ensure_ascii=False) + "\n")


def made(pairs: int, words: int, seed: int) -> Iterator[tuple[str, str, str]]:
    """Prompt, chosen and rejected of each pair."""
    random = np.random.default_rng(seed)
    vocabulary = _vocabulary(random)
    ranks = np.cumsum(1 / np.arange(1, WORDS + 1))
    recent: list[str] = []
    for start in range(0, pairs, SEVERAL):
        texts = _texts(vocabulary, ranks / ranks[-1], random, words)
        for draw in random.random(min(SEVERAL, pairs - start)).tolist():
            prompt, chosen, rejected = next(texts), next(texts), next(texts)
            prompt = _repeated(prompt, recent, draw, random)
            recent.append(prompt)
            del recent[:-RECENT]
            yield prompt, chosen, rejected


def _vocabulary(random: np.random.Generator) -> NDArray[Any]:
    """Words, the frequent ones shorter, all with a space behind."""
    lengths = np.clip(random.normal(2 + np.log2(np.arange(1, WORDS + 1)) / 2, 1.5), 1, 14).astype(int)
    letters = np.array(list(LETTERS))
    share = 1 / np.arange(3, 3 + len(letters))
    drawn = random.choice(letters, lengths.sum(), p=share / share.sum())
    words = ["".join(part) for part in np.split(drawn, np.cumsum(lengths)[:-1])]
    ends = random.choice(["", ",", ".", "?", ".\n\n", " café"], WORDS, p=[0.85, 0.07, 0.05, 0.01, 0.015, 0.005])
    return np.array([f"{word}{end} " for word, end in zip(words, ends, strict=True)], dtype=object)


def _texts(vocabulary: NDArray[Any], share: NDArray[Any], random: np.random.Generator, words: int) -> Iterator[str]:
    lengths = np.clip(random.lognormal(np.log(words) - 0.18, 0.6, 3 * SEVERAL).astype(int), 3, 400)
    drawn = vocabulary[np.minimum(np.searchsorted(share, random.random(lengths.sum())), WORDS - 1)]
    end = 0
    for length in lengths.tolist():
        end += length
        yield "".join(drawn[end - length : end]).strip()


def _repeated(prompt: str, recent: list[str], draw: float, random: np.random.Generator) -> str:
    if not recent or draw > REPEATED + NEARLY + OTHER_CASE:
        return prompt
    earlier = recent[int(random.integers(len(recent)))]
    if draw < REPEATED:
        return earlier
    if draw > REPEATED + NEARLY:
        return earlier.upper()
    words = earlier.split(" ")
    words[len(words) // 2] = "thing"
    return " ".join(words)
