"""Texts that are tokenised as one have the tokens that each has by itself."""

import copy

import numpy as np
import pytest
from tokenizers import AddedToken

from rmexp.encoding.engines.joined import Joined, between

TEXTS = ["How long is rope 3?", "", " é好🙂 ", "<|user|>a<|end|>", "<|pad", "|>"]


@pytest.fixture
def calls():
    return []


@pytest.fixture
def encode(tokenizer, calls):
    def encoded(text):
        calls.append(text)
        return np.array(tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids, np.uint32)

    return encoded


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[:1], [""], ["", ""], []])
def test_one_call_gives_the_ids_of_each(tokenizer, encode, calls, texts):
    joined = Joined(encode, between(tokenizer, texts))(texts)
    assert len(calls) == min(len(texts), 1)
    assert joined.lists() == Joined(encode, None)(texts).lists() == [encode(text).tolist() for text in texts]


def test_texts_that_have_the_token_are_tokenised_one_by_one(tokenizer, encode, calls):
    texts = [*TEXTS, "<|pad|>"]
    found = Joined(encode, between(tokenizer, TEXTS))(texts)
    assert calls[1:] == texts
    assert found.lists() == [encode(text).tolist() for text in texts]


def test_the_token_is_one_that_parts_cleanly_and_that_no_text_has(tokenizer):
    assert between(tokenizer, TEXTS)[0] == "<|pad|>"
    assert between(tokenizer, ["<|pad|>"])[0] == "<|begin|>"
    assert between(tokenizer, [token.content for token in tokenizer.added_tokens_decoder.values()]) is None


@pytest.mark.parametrize("other", ["|>x", "x<|", "x<|pad|>", "pad", "<|pad|>>"])
def test_it_is_none_that_another_may_overlap(tokenizer, other):
    made = copy.deepcopy(tokenizer)
    made.add_tokens([AddedToken(other)])
    found = between(made, [])
    assert found is None or found[0] == "<|begin|>"


@pytest.mark.parametrize("flag", ["lstrip", "rstrip", "single_word", "normalized"])
def test_it_is_none_that_looks_at_what_is_beside_it(tokenizer, flag):
    made = copy.deepcopy(tokenizer)
    others = [token.content for token in made.added_tokens_decoder.values()]
    made.add_special_tokens({"additional_special_tokens": [AddedToken("<|x|>", **{flag: True})]})
    assert between(made, others) is None
    made.add_special_tokens({"additional_special_tokens": [AddedToken("<|y|>", normalized=False)]})
    assert between(made, others)[0] == "<|y|>"
