import pytest

from rmexp.data.normalised import known_by, normalised
from rmexp.records import Candidates, Message, Preference


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("What's  the\ttime?", "what s the time"),
        ("ﬁle № \uff11", "FILE No 1"),
        ("«Straße»", "strasse"),
        ("今日は。", "今日は"),
        ("किताब?", "किताब"),
    ],
)
def test_what_writing_alone_decides_is_gone(first, second):
    assert normalised(first) == normalised(second)


@pytest.mark.parametrize(("first", "second"), [("C#", "C"), ("5-3", "5*3"), ("1.5", "15"), ("कि", "की"), ("?!", "...")])
def test_what_carries_meaning_stays(first, second):
    assert normalised(first) != normalised(second)


def test_ascii_is_made_alike_as_all_other_text_is():
    text = " A\x1cb\x7f\t" + "".join(map(chr, range(128)))
    assert normalised(text) == normalised(f"{text} \u2000").strip()  # beside a space that is not of ASCII
    assert normalised("?!\n[]") == "?! []"


def test_an_empty_prompt_leaves_the_responses_in_either_order():
    pair, turned = Preference(" ", "a", "b"), Preference("", "b", "a")
    assert known_by(pair) == known_by(turned) == "a\nb"
    assert known_by(Preference((Message("user", ""),), "a", "b")) == "a\nb"


def test_a_prompt_is_known_by_its_text():
    assert known_by(Candidates("p", ("a",))) == "p"
    assert known_by(Preference((Message("user", "p"),), "a", "b")) == "user: p"


def test_thousands_of_marks_on_one_letter_take_no_longer_than_as_much_text():
    marks = "\u0301\u0316" * 100_000
    assert len(normalised(f"E{marks} Caf\u0065\u0301")) > 200_000  # sorting them would take a minute
    assert normalised("CAFE\u0301 " + "x " * 5000) == normalised("caf\u00e9 " + "x " * 5000)
