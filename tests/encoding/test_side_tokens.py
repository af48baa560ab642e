"""Tokenised apart, prompts and responses have the tokens that they have as one text."""

import copy
import itertools

import pytest
from tokenizers import AddedToken, normalizers, pre_tokenizers

from rmexp.encoding import parted_text
from rmexp.encoding.marked_text import MarkedText
from rmexp.encoding.rendering import Rendering
from rmexp.encoding.side_tokens import SideTokens
from rmexp.records import Message

RESPONSES = ("It is long. 7", " leading", "\n\nline", "é好🙂", "\u0301e", "{", "  ", "end<|end|> here", "\ue000")
TURNS = (Message("system", "s"), Message("user", "u"))
PROMPTS = ("How long is rope 3?", "", "ends in a space ", "é好🙂", "<|user|>", TURNS)
ITEMS = list(itertools.product(PROMPTS, RESPONSES))
TAILS = ("", "\n\n", " ", "é", "It is")


@pytest.fixture(params=TAILS)
def templated(request, tokenizer):
    made = copy.deepcopy(tokenizer)
    made.chat_template = tokenizer.chat_template.replace("<|assistant|>{%", f"<|assistant|>{request.param}{{%")
    return made


def sides(tokenizer):
    marked = MarkedText(tokenizer)
    return SideTokens(tokenizer, marked, Rendering(tokenizer, marked))


def jointly(tokenizer):
    together = sides(tokenizer)
    together._compared = True  # as where there is no template
    return together.of(ITEMS).lists()


def test_both_ways_give_the_same_ids(templated, monkeypatch):
    apart = sides(templated)
    found = apart.of(ITEMS).lists()
    assert apart._ending.tail in TAILS
    assert found == jointly(templated)


def test_a_prompt_is_rendered_and_tokenised_once_for_all_its_responses(tokenizer, monkeypatch):
    apart, seen = sides(tokenizer), []
    apart.of(ITEMS).lists()
    tokenize = parted_text.PartedText.tokenize

    def watched(self, ending, starts, items):
        seen.append((starts, items))
        return tokenize(self, ending, starts, items)

    prompt, rendered = Rendering.prompt, []
    monkeypatch.setattr(Rendering, "prompt", lambda self, text: rendered.append(text) or prompt(self, text))
    monkeypatch.setattr(parted_text.PartedText, "tokenize", watched)
    apart.of([("How long is rope 3?", response) for response in ("a", "b", "c")])
    assert rendered == ["How long is rope 3?"]
    ((starts, items),) = seen
    assert len(starts) == 1
    assert [place for place, _ in items] == [0, 0, 0]


@pytest.mark.parametrize("change", ["prefix space", "prepend", "taking white space"])
def test_tokenizers_that_look_at_what_is_before_give_the_same_ids_too(templated, change):
    backend = templated.backend_tokenizer
    if change == "prefix space":
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    elif change == "prepend":
        backend.normalizer = normalizers.Sequence([normalizers.Prepend("x"), normalizers.NFC()])
    else:
        templated.add_special_tokens(
            {"additional_special_tokens": [AddedToken("<|assistant|>", rstrip=True, special=True)]}
        )
    assert sides(templated).of(ITEMS).lists() == jointly(templated)


def test_where_they_differ_they_are_tokenised_together(tokenizer, monkeypatch):
    def wrong(items):
        return parted_text.SideRows.of([([0], [0])] * len(items))

    monkeypatch.setattr(parted_text.PartedText, "tokenize", lambda self, ending, starts, items: wrong(items))
    together = sides(tokenizer)
    assert together.of(ITEMS).lists() == jointly(tokenizer)
    assert together._ending is None
