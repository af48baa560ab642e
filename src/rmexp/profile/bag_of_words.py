"""What a pair's responses differ in, as features: words, length, first token."""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count, islice

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rmexp.data.normalised import normalised
from rmexp.data.text_measures import first_word
from rmexp.profile.pair_texts import PairTexts
from rmexp.records import prompt_text

FEWEST = 3  # pairs that differ in a word, for the word to count
MOST_WORDS = 50_000
_AT_ONCE = 8192  # pairs


def word_differences(texts: PairTexts) -> csr_array:
    """(N, F) roots of the counts of words, first response minus second, of words in which enough pairs differ.

    Roots, since the tenth time that a word occurs says less than the first. Words stand in the order in which they
    first occur in prompts and responses.
    """
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    rows, parts, pairs = _numbered(texts, numbers), list[csr_array](), np.zeros(0, np.int64)
    while some := list(islice(rows, 2 * _AT_ONCE)):
        roots = word_counts(some, len(numbers)).sqrt()
        part = csr_array(roots[0::2] - roots[1::2])
        part.eliminate_zeros()
        parts.append(part)
        pairs = np.pad(pairs, (0, len(numbers) - len(pairs))) + np.bincount(part.indices, minlength=len(numbers))
    kept = np.flatnonzero(pairs >= FEWEST)
    if len(kept) > MOST_WORDS:
        kept = np.sort(kept[np.argsort(-pairs[kept], kind="stable")[:MOST_WORDS]])
    for place, part in enumerate(parts):
        part.resize(part.shape[0], len(numbers))
        parts[place] = csr_array(part[:, kept])
    return _stacked(parts, len(kept))


def _numbered(texts: PairTexts, numbers: defaultdict[str, int]) -> Iterator[list[int]]:
    """The numbers of the words of the first response, of the second, of the next first one, and so on."""
    for record, unmet in zip(texts.texts.records, texts.texts.first[::3].tolist(), strict=True):
        if unmet:
            for word in normalised(prompt_text(record.prompt)).split():
                numbers[word]
        for response in record.responses:
            yield [numbers[word] for word in normalised(response).split()]


def word_counts(rows: Sequence[Sequence[int]], words: int) -> csr_array:
    """(R, V) how often each of V words occurs in each row of their numbers."""
    columns, ends = array("i"), array("q", [0])
    for row in rows:
        columns.extend(row)
        ends.append(len(columns))
    indices = np.frombuffer(columns, dtype=np.int32) if columns else np.zeros(0, dtype=np.int32)
    ones = np.ones(len(indices), dtype=np.float32)
    counts = csr_array((ones, indices, np.frombuffer(ends, dtype=np.int64)), shape=(len(rows), words))
    counts.sum_duplicates()
    return counts


def _stacked(parts: list[csr_array], columns: int) -> csr_array:
    """Matrices one below the other; each is let go once it is copied."""
    ends = np.concatenate([[0], *(np.diff(part.indptr) for part in parts)]).cumsum()
    indices, data = np.empty(ends[-1], np.int32), np.empty(ends[-1], np.float32)
    done = 0
    while parts:
        part = parts.pop(0)
        indices[done : done + part.nnz], data[done : done + part.nnz] = part.indices, part.data
        done += part.nnz
    return csr_array((data, indices, ends), shape=(len(ends) - 1, columns))


def with_length(differences: csr_array, texts: PairTexts) -> csr_array:
    """(N, F + 1) the features and the difference of the logarithms of the lengths in characters."""
    length = length_difference(texts)
    there = length != 0
    ends = differences.indptr[1:][there]
    indices = np.insert(differences.indices, ends, differences.shape[1])
    indptr = differences.indptr + np.concatenate([[0], there.cumsum()])
    data = np.insert(differences.data, ends, length[there])
    return csr_array((data, indices, indptr), shape=(len(length), differences.shape[1] + 1))


def length_difference(texts: PairTexts) -> NDArray[np.float32]:
    """(N,) logarithm of the first response's length in characters minus that of the second."""
    sides = texts.sides(np.log1p(texts.each(len)))
    difference: NDArray[np.float32] = (sides[:, 0] - sides[:, 1]).astype(np.float32)
    return difference


def first_word_differences(texts: PairTexts) -> csr_array:
    """(N, T) 1 at the first word of the first response, -1 at that of the second; nothing where they are equal."""
    n = len(texts)
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    first = np.fromiter((numbers[" ".join(first_word(text))] for text in texts.texts), np.int64, len(texts.texts))
    rows, columns = np.tile(np.arange(n), 2), np.concatenate([first[texts.chosen], first[texts.rejected]])
    values = np.repeat(np.array([1.0, -1.0], dtype=np.float32), n)
    result = csr_array((values, (rows, columns)), shape=(n, int(columns.max(initial=0)) + 1))
    result.eliminate_zeros()
    return result
