from dataclasses import replace

import pytest

from rmexp.records import Message, Preference
from rmexp.scoring.preamble import SENTENCES, preamble, with_preamble


@pytest.mark.parametrize("sentences", [1, 5, 6, 13])
def test_so_many_sentences_repeating_from_the_first(sentences):
    text = preamble(sentences)
    assert text.endswith("\n")
    assert text.count(".") == sentences
    assert text.startswith(SENTENCES[0])
    assert preamble(sentences + 1).startswith(text[:-1] + " ")


def test_a_longer_one_starts_with_a_shorter_one_and_repeats():
    assert preamble(12)[:-1] == f"{preamble(6)[:-1]} {preamble(6)[:-1]}"


@pytest.mark.parametrize("meta", [{}, {"topic": "a"}])
def test_only_the_prompt_changes(meta):
    record = Preference("question", "c", "r", target=0.25, margin=2.0, meta=meta)
    assert with_preamble(record, "Before.\n") == replace(record, prompt="Before.\nquestion")


def test_a_conversation_gets_it_before_its_first_turn():
    record = Preference((Message("system", "s"), Message("user", "u")), "c", "r")
    assert with_preamble(record, "Before.\n").prompt == (Message("system", "Before.\ns"), Message("user", "u"))
