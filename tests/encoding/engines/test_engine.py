"""A faster engine tokenises only where it gives the tokens of the tokenizer."""

import copy
import logging
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from tokenizers.normalizers import NFC

from rmexp.encoding.engines.engine import engine_of
from rmexp.encoding.marked_text import MarkedText
from rmexp.encoding.rendering import Rendering
from rmexp.encoding.side_tokens import SideTokens

TEXTS = ["How long is rope 3?", "é好🙂 end<|end|> here", ""]
ITEMS = [(prompt, response) for prompt in ("How long?", "é") for response in ("It is long. 7", " leading", "{")]


@pytest.fixture(autouse=True)
def _told(monkeypatch):
    monkeypatch.setattr(logging.getLogger("rmexp"), "propagate", True)


def gigatoken(monkeypatch, make):
    module = ModuleType("gigatoken")
    module.Tokenizer = SimpleNamespace(from_json=make)
    monkeypatch.setitem(sys.modules, "gigatoken", module)


def own_ids(tokenizer, texts):
    return [tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def other(tokenizer, calls, changed=()):
    def encode(text):
        calls.append(text)
        (ids,) = own_ids(tokenizer, [text])
        return np.array([*ids, 0] if text in changed else ids, np.uint32)

    return lambda state: SimpleNamespace(encode=encode)


def test_without_another_engine_the_tokenizer_tokenises(tokenizer, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "gigatoken", None)  # as where it is not installed
    with caplog.at_level(logging.INFO):
        assert engine_of(tokenizer, TEXTS)(TEXTS).lists() == own_ids(tokenizer, TEXTS)
    assert not caplog.text


def test_an_engine_that_gives_the_same_tokens_is_used_and_told(tokenizer, monkeypatch, caplog):
    calls = []
    gigatoken(monkeypatch, other(tokenizer, calls))
    with caplog.at_level(logging.INFO):
        engine = engine_of(tokenizer, TEXTS)
    assert "tokenised by gigatoken" in caplog.text
    assert set(TEXTS) < set(calls)  # compared, beside hard ones
    calls.clear()
    assert engine(TEXTS).lists() == own_ids(tokenizer, TEXTS)
    assert calls == ["<|pad|>".join(TEXTS)]


@pytest.mark.parametrize("changed", ["<|end|>", TEXTS[0], "  a"])
def test_an_engine_that_gives_other_tokens_is_not_used(tokenizer, monkeypatch, caplog, changed):
    calls = []
    gigatoken(monkeypatch, other(tokenizer, calls, [changed]))
    with caplog.at_level(logging.INFO):
        engine = engine_of(tokenizer, TEXTS)
    assert "otherwise" in caplog.text
    calls.clear()
    assert engine(TEXTS).lists() == own_ids(tokenizer, TEXTS)
    assert not calls


def test_an_engine_that_refuses_the_tokenizer_is_not_used(tokenizer, monkeypatch, caplog):
    def refuse(state):
        raise ValueError("unknown\npre-tokenizer")

    gigatoken(monkeypatch, refuse)
    with caplog.at_level(logging.INFO):
        assert engine_of(tokenizer, TEXTS)(TEXTS).lists() == own_ids(tokenizer, TEXTS)
    assert "unknown pre-tokenizer" in caplog.text


def test_sides_are_the_same_by_either_engine(tokenizer, monkeypatch):
    def sides():
        marked = MarkedText(tokenizer)
        return SideTokens(tokenizer, marked, Rendering(tokenizer, marked)).of(ITEMS).lists()

    monkeypatch.setitem(sys.modules, "gigatoken", None)
    expected, calls = sides(), []
    gigatoken(monkeypatch, other(tokenizer, calls))
    assert sides() == expected
    assert any("It is long. 7" in text for text in calls)


def test_gigatoken_itself_gives_the_same_tokens(tokenizer, caplog):
    pytest.importorskip("gigatoken")
    with caplog.at_level(logging.INFO):
        engine = engine_of(tokenizer, TEXTS)
    assert "tokenised by gigatoken" in caplog.text
    assert engine(TEXTS).lists() == own_ids(tokenizer, TEXTS)


@pytest.mark.parametrize("text", ["foo\u0301", "cafe\u0301", "a=>\u0338"])
def test_added_tokens_that_a_normalizer_touches_are_found_as_the_tokenizer_finds_them(tokenizer, text):
    made = copy.deepcopy(tokenizer)
    made.backend_tokenizer.normalizer = NFC()
    made.add_tokens(["foo", "caf\u00e9", "=>"])
    assert engine_of(made, TEXTS)([text]).lists() == own_ids(made, [text])
