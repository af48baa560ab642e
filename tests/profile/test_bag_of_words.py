import numpy as np

from rmexp.profile import bag_of_words
from rmexp.profile.bag_of_words import first_word_differences, length_difference, with_length, word_differences
from rmexp.profile.pair_texts import pair_texts, word_counts
from rmexp.records import Preference


def test_words_are_roots_of_counts_first_minus_second():
    texts = pair_texts([Preference("p", "a a a a b", f"a c{i}") for i in range(3)])
    features = word_differences(texts, word_counts(texts.texts)).toarray()
    np.testing.assert_allclose(features, [[1, 1]] * 3)  # a: 2 - 1, b: 1 - 0; each c is too rare, p is the prompt's


def test_the_commonest_words_are_kept(monkeypatch):
    monkeypatch.setattr(bag_of_words, "MOST_WORDS", 1)
    texts = pair_texts([Preference("p", "a b" if i else "a", f"c{i}") for i in range(4)])
    assert word_differences(texts, word_counts(texts.texts)).toarray().tolist() == [[1]] * 4


def test_length_stands_last():
    texts = pair_texts([Preference("p", "aaa", "b"), Preference("p", "b", "aaa")])
    features = with_length(word_differences(texts, word_counts(texts.texts)), texts)
    np.testing.assert_allclose(features.toarray()[:, -1], [np.log(2), -np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(length_difference(texts), [np.log(2), -np.log(2)], rtol=1e-6)


def test_equal_first_words_cancel():
    texts = pair_texts([Preference("p", "A, then", "b"), Preference("p", "a", "A too!")])
    features = first_word_differences(texts)
    assert sorted(features.toarray()[0].tolist()) == [-1, 0, 1]
    assert not features.toarray()[1].any()
    turned = first_word_differences(pair_texts([Preference("p", "b", "A, then")]))
    assert sorted(turned.toarray()[0].tolist()) == [-1, 0, 1]
