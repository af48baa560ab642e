"""Word by word a text has the tokens that it has as a whole, whatever stands between its words."""

import copy
import random

import pytest
from tokenizers import AddedToken, Regex, normalizers, pre_tokenizers

from rmexp.encoding.engines import words
from rmexp.encoding.engines.words import PATTERNS, Words, parts_before_spaces
from rmexp.encoding.token_rows import TokenRows

LETTERS = ("a", "the", "é", "e\u0301", "1234", "'s", "'ll", "-", ".", "x1", "日本", "🙂", "\u0301", "\u017f")
SPACES = (" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2028", "\x0b", "\x1c", "\x1f", "\x85", "\u200b")
PIECES = (*LETTERS, *SPACES, "<|user|>", "<|end|>", "\ufeff")


@pytest.fixture
def texts():
    draw = random.Random(0)
    return ["", " ", *("".join(draw.choices(PIECES, k=draw.randrange(1, 12))) for _ in range(20_000))]


@pytest.fixture
def backend(tokenizer):
    return copy.deepcopy(tokenizer).backend_tokenizer


def rows(backend):
    def own(texts):
        found = backend.encode_batch_fast(list(texts), add_special_tokens=False)
        return TokenRows.of([encoding.ids for encoding in found])

    return own


def split(pattern):
    only_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), only_bytes])


STEPS = [pre_tokenizers.ByteLevel(add_prefix_space=before) for before in (False, True)] + [
    *map(split, sorted(PATTERNS))
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("composed", [False, True])
def test_tokens_are_those_of_the_whole_text(backend, texts, step, composed):
    backend.pre_tokenizer = step
    if composed:
        backend.normalizer = normalizers.NFC()
    assert parts_before_spaces(backend)
    assert Words(backend, rows(backend))(texts).lists() == rows(backend)(texts).lists()


def change_normalizer(backend):
    backend.normalizer = normalizers.Lowercase()


def change_steps(backend):
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(use_regex=False)


def change_pattern(backend):
    backend.pre_tokenizer = split(r"\w+|\W+")


def change_tokens(backend):
    backend.add_tokens([AddedToken("two words")])


def change_space(backend):
    backend.add_special_tokens([AddedToken("<|x|>", lstrip=True)])


@pytest.mark.parametrize("change", [change_normalizer, change_steps, change_pattern, change_tokens, change_space])
def test_others_are_left_to_the_tokenizer(backend, change):
    change(backend)
    assert not parts_before_spaces(backend)


def test_where_words_do_not_come_again_texts_are_tokenised_whole(backend, monkeypatch):
    calls, own = [], rows(backend)
    monkeypatch.setattr(words, "TRIED", 100)
    engine = Words(backend, lambda texts: calls.append(len(texts)) or own(texts))
    for start in range(0, 2000, 100):
        some = [f"{number} the the" for number in range(start, start + 100)]
        assert engine(some).lists() == own(some).lists()
    assert calls == [100] * 19


def test_few_words_are_remembered_and_no_long_ones(backend, monkeypatch):
    monkeypatch.setattr(words, "MOST_WORDS", 3)
    engine = Words(backend, rows(backend))
    texts = ["a " + "long" * 20, "a b c d e f"]
    assert engine(texts).lists() == rows(backend)(texts).lists()
    assert set(engine._others) == {"b", "c", "d"}
