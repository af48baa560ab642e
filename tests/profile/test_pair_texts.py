import numpy as np

from rmexp.profile.pair_texts import pair_texts, word_counts
from rmexp.records import Message, Preference


def test_each_text_is_held_once():
    texts = pair_texts([Preference("p", "a", "b"), Preference("p", "b", "c", target=0.2)])
    assert texts.texts == ["p", "a", "b", "c"]
    assert [texts.texts[index] for index in texts.preferred] == ["a", "c"]
    assert [texts.texts[index] for index in texts.other] == ["b", "b"]
    assert texts.sides(texts.each(ord)).tolist() == [[97, 98], [98, 99]]


def test_prompts_of_messages_are_text():
    assert pair_texts([Preference((Message("user", "hi"),), "a", "b")]).texts[0] == "user: hi"


def test_no_pairs():
    texts = pair_texts([])
    assert (len(texts), texts.texts) == (0, [])


def test_words_are_counted_as_normalised():
    counts = word_counts(["A b, a!", "", "B"]).toarray()
    np.testing.assert_array_equal(counts, [[2, 1], [0, 0], [0, 1]])
    assert word_counts([""]).shape == (1, 0)
