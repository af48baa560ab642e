import pytest

from rmexp.inspection.attribution import pieces, traced
from rmexp.records import Preference
from rmexp.runs.rows import to_row

TEXTS = ("It is long. 7", "é好🙂 x", "  spaced  out ", "one", "a\n\nb. c")


@pytest.mark.parametrize("text", TEXTS)
def test_pieces_make_up_the_text(tokenizer, text):
    for found in (pieces(text, tokenizer), pieces(text, None)):
        assert "".join(found) == text
        assert all(found)


def test_the_reward_after_each_word_and_the_margin_by_span(by):
    pair = Preference("p", "good bad good. Fine.", "bad. good? x", target=1.0)
    score = by(lambda prompt, text: text.count("good") - text.count("bad"))
    found = traced(score, pair, None)
    assert found.after_each_token[0] == [
        ("good", 1.0),
        (" bad", 0.0),
        (" good.", 1.0),
        (" Fine.", 1.0),
    ]
    assert found.margin == 1.0
    assert found.margin_by_span[0] == [
        ("good bad good.", 1.0),
        (" Fine.", 0.0),
    ]
    # Of the worse response: what lowers it speaks for the order.
    assert found.margin_by_span[1] == [
        ("bad.", 1.0),
        (" good?", -1.0),
        (" x", 0.0),
    ]
    assert to_row(found)["margin_by_span"][1][0] == {"text": "bad.", "value": 1.0}


def test_better_comes_first_whatever_the_side(by):
    score = by(lambda prompt, text: len(text))
    found = traced(score, Preference("p", "worse", "much better", target=0.0), None)
    assert "".join(piece.text for piece in found.after_each_token[0]) == "much better"
    assert found.margin == 6.0
