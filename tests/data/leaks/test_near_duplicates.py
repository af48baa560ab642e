import numpy as np
import pytest

from rmexp.data.leaks import near_duplicates as module
from rmexp.data.leaks.near_duplicates import jaccard
from rmexp.data.leaks.shingles import SHINGLE, Shingled, shingles_of


def near_duplicates(texts, others, similarity):
    first, second = (Shingled.joined([shingles_of(some)]) for some in (texts, others))
    return module.near_duplicates(first, second, similarity)


def shingles(text):
    """An independent reference: sets of tuples of words."""
    words = text.split()
    return {tuple(words[start : start + SHINGLE]) for start in range(max(1, len(words) - SHINGLE + 1))}


def sentences(count, words, seed):
    rng = np.random.default_rng(seed)
    return [" ".join(f"w{word}" for word in rng.integers(0, 500, words)) for _ in range(count)]


def changed(text, word):
    words = text.split()
    return " ".join([*words[:word], "changed", *words[word + 1 :]])


@pytest.mark.parametrize("words", [2, 8, 40])
@pytest.mark.parametrize("similarity", [0.3, 0.8])
def test_what_is_found_is_what_a_comparison_of_all_pairs_finds(words, similarity):
    others = sentences(60, words, seed=1)
    texts = [changed(text, index % words) for index, text in enumerate(others)] + sentences(20, words, seed=2)
    truth = {
        index
        for index, text in enumerate(texts)
        if any(jaccard(shingles(text), shingles(other)) >= similarity for other in others)
    }
    found = near_duplicates(texts, others, similarity)
    assert {match.text for match in found} == truth
    for match in found:
        assert match.similarity == pytest.approx(jaccard(shingles(texts[match.text]), shingles(others[match.other])))


@pytest.mark.parametrize(("shared", "size"), [(14, 25), (15, 29), (29, 35)])
def test_a_similarity_that_is_just_reached_is_reached(shared, size):
    """In floating point 0.56 times 25 is more than 14."""
    words = [f"w{word}" for word in range(size + 2)]
    text, part = " ".join(words), " ".join(words[: shared + 2])
    assert shared / size * size > shared
    assert near_duplicates([text], [part], shared / size)[0].similarity == shared / size


def test_a_text_shorter_than_a_shingle_is_compared_as_a_whole():
    assert near_duplicates(["what now"], ["what now"], 0.8) == [(0, 0, 1.0)]
    assert near_duplicates(["what now"], ["what then"], 0.1) == []


def test_scripts_without_spaces_are_compared_by_characters():
    text = "请问北京今天的天气怎么样需要带伞吗我想去公园"
    assert near_duplicates([text], [text + "玩"], 0.8)[0].similarity == pytest.approx(20 / 21)


def test_what_most_texts_share_tells_nothing_apart():
    preamble = " ".join(f"rule{number}" for number in range(200))
    questions = sentences(40, 6, seed=3)
    texts = [f"{preamble} {question}" for question in questions]
    assert near_duplicates(texts[:20], texts[20:], 0.8) == []
    assert [match.text for match in near_duplicates([*texts[:20], texts[30]], texts[20:], 0.8)] == [20]


def test_nothing_is_like_nothing():
    assert near_duplicates([], ["a b c"], 0.8) == near_duplicates(["a b c"], [], 0.8) == []
    texts = ["the same words for all"] * 15
    assert near_duplicates(texts, texts, 0.8) == []  # all of it is boilerplate
