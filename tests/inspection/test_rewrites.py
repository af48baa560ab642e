import re

import pytest

from rmexp.inspection.rewrites import BOILERPLATE, EMPTY, SAME, composed

RESPONSE = "It is 3. That is all! Sure?"


@pytest.mark.parametrize("name", SAME)
def test_the_same_in_another_way_keeps_every_word(name):
    rewritten = SAME[name]("prompt", RESPONSE)
    assert rewritten != RESPONSE
    words = [word for word in re.sub(r"[*]|\[\d\]|^- ", "", rewritten, flags=re.MULTILINE).split() if word]
    assert f" {RESPONSE} " in f" {' '.join(words)} "


def test_forms():
    assert SAME["as a list"]("", RESPONSE) == "- It is 3.\n- That is all!\n- Sure?"
    assert SAME["in bold"]("", RESPONSE) == "**It is** 3. **That is** all! **Sure?**"
    assert SAME["with citations"]("", RESPONSE) == "It is 3. [1] That is all! [2] Sure? [3]"


def test_what_takes_worth_away():
    assert EMPTY["boilerplate appended"]("p", "a") == f"a {BOILERPLATE}"
    assert EMPTY["answer repeated"]("p", "a") == "a a"
    assert EMPTY["copy of the prompt"]("p", "a") == "p"
    assert EMPTY["copy of the prompt"](" ", "a") == EMPTY["nothing but a full stop"]("p", "a") == "."


def test_compositions_go_from_left_to_right():
    assert composed(())("", "a") == "a"
    polite = SAME["polite"]("", "a")
    assert composed(("polite", "as a list"))("", "a") == SAME["as a list"]("", polite)
