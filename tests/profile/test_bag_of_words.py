import numpy as np

from rmexp.profile import bag_of_words
from rmexp.profile.bag_of_words import (
    add_length,
    first_word_differences,
    length_difference,
    word_counts,
    word_differences,
)
from rmexp.profile.pair_texts import pair_texts
from rmexp.records import Preference


def test_words_are_roots_of_counts_first_minus_second():
    texts = pair_texts([Preference("p", "a a a a b", f"a c{i}") for i in range(3)])
    features = word_differences(texts).toarray()
    np.testing.assert_allclose(features, [[1, 1]] * 3)  # a: 2 - 1, b: 1 - 0; each c is too rare, p is the prompt's


def test_the_commonest_words_are_kept(monkeypatch):
    monkeypatch.setattr(bag_of_words, "MOST_WORDS", 1)
    texts = pair_texts([Preference("p", "a b" if i else "a", f"c{i}") for i in range(4)])
    assert word_differences(texts).toarray().tolist() == [[1]] * 4


def test_words_are_those_of_all_pairs_however_many_are_looked_at_at_once(monkeypatch):
    random = np.random.default_rng(0)
    words = [" ".join(f"w{number}" for number in random.integers(0, 9, 6)) for _ in range(120)]
    pairs = [Preference(words[3 * n], *words[3 * n + 1 : 3 * n + 3]) for n in range(40)]
    texts = pair_texts([*pairs, *pairs[:9], Preference("new", "w1", "w2 newer")])
    whole = word_differences(texts)
    monkeypatch.setattr(bag_of_words, "_AT_ONCE", 7)
    parted = word_differences(texts)
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(parted, name), getattr(whole, name))
    order = list(
        dict.fromkeys(word for pair in pairs for text in (pair.prompt, *pair.responses) for word in text.split())
    )
    roots = [[[text.split().count(word) ** 0.5 for word in order] for text in pair.responses] for pair in pairs]
    first, second = np.array(roots, np.float32).transpose(1, 0, 2)
    np.testing.assert_allclose(whole.toarray()[: len(pairs)], first - second)


def test_length_stands_last():
    texts = pair_texts([Preference("p", "aaa", "b"), Preference("p", "b", "aaa")])
    features = word_differences(texts)
    add_length(features, texts)
    np.testing.assert_allclose(features.toarray()[:, -1], [np.log(2), -np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(length_difference(texts), [np.log(2), -np.log(2)], rtol=1e-6)


def test_equal_first_words_cancel():
    texts = pair_texts([Preference("p", "A, then", "b"), Preference("p", "a", "A too!")])
    features = first_word_differences(texts)
    assert sorted(features.toarray()[0].tolist()) == [-1, 0, 1]
    assert not features.toarray()[1].any()
    turned = first_word_differences(pair_texts([Preference("p", "b", "A, then")]))
    assert sorted(turned.toarray()[0].tolist()) == [-1, 0, 1]


def test_words_are_counted():
    np.testing.assert_array_equal(word_counts([[0, 1, 0], [], [1]], 2).toarray(), [[2, 1], [0, 0], [0, 1]])
    assert word_counts([[]], 0).shape == (1, 0)
