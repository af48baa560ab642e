"""What a pair's responses differ in, as features: words, length, first token."""

from collections import defaultdict
from itertools import count

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from rmexp.data.text_measures import first_word
from rmexp.profile.pair_texts import PairTexts

FEWEST = 3  # pairs that differ in a word, for the word to count
MOST_WORDS = 50_000


def word_differences(texts: PairTexts, words: csr_array) -> csr_array:
    """(N, F) roots of the counts of words, first response minus second, of words in which enough pairs differ.

    Roots, since the tenth time that a word occurs says less than the first.

    Args:
        texts: of the pairs.
        words: (U, V) counts of the words of each text.
    """
    roots = words.sqrt()
    difference = csr_array(roots[texts.chosen] - roots[texts.rejected])
    difference.eliminate_zeros()
    pairs = np.bincount(difference.indices, minlength=difference.shape[1])
    kept = np.flatnonzero(pairs >= FEWEST)
    if len(kept) > MOST_WORDS:
        kept = np.sort(kept[np.argsort(-pairs[kept], kind="stable")[:MOST_WORDS]])
    return csr_array(difference[:, kept])


def with_length(differences: csr_array, texts: PairTexts) -> csr_array:
    """(N, F + 1) the features and the difference of the logarithms of the lengths in characters."""
    return csr_array(hstack([differences, csr_array(length_difference(texts)[:, None])], format="csr"))


def length_difference(texts: PairTexts) -> NDArray[np.float32]:
    """(N,) logarithm of the first response's length in characters minus that of the second."""
    sides = texts.sides(np.log1p(texts.each(len)))
    difference: NDArray[np.float32] = (sides[:, 0] - sides[:, 1]).astype(np.float32)
    return difference


def first_word_differences(texts: PairTexts) -> csr_array:
    """(N, T) 1 at the first word of the first response, -1 at that of the second; nothing where they are equal."""
    n = len(texts)
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    first = np.array([numbers[" ".join(first_word(text))] for text in texts.texts], dtype=np.int64)
    rows, columns = np.tile(np.arange(n), 2), np.concatenate([first[texts.chosen], first[texts.rejected]])
    values = np.repeat(np.array([1.0, -1.0], dtype=np.float32), n)
    result = csr_array((values, (rows, columns)), shape=(n, int(columns.max(initial=0)) + 1))
    result.eliminate_zeros()
    return result
