import json

import pytest

from rmexp.records import Preference
from rmexp.scoring.rewording import SHIFTS, WORDS, layout, shifted, wording

OBJECT = {"topic": "Lua", "points": ["It is large.", "1993"], "big": 1}


@pytest.mark.parametrize("change", [layout, wording])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_stays_json_with_the_same_keys(change, indent):
    text = json.dumps(OBJECT, indent=indent)
    changed = json.loads(change(text))
    assert list(changed) == list(OBJECT)
    assert changed["points"][1] == "1993"
    assert change(text) != text


def test_layout_is_undone_by_itself_and_keeps_every_word():
    for text in (json.dumps(OBJECT), json.dumps(OBJECT, indent=2), "One. Two? Three!", "One.\nTwo."):
        assert layout(layout(text)) == text
        assert layout(text).split() == text.split() or json.loads(layout(text)) == json.loads(text)


def test_what_only_looks_like_json_is_text():
    assert layout("{not json}. Really.") == "{not json}.\nReally."
    assert wording("[broken") == "[broken"


def test_case_and_both_kinds_of_apostrophe():
    assert wording("Don't buy LARGE cars") == "Do not purchase Big automobiles"
    assert wording("It\u2019s big") == "It is large"


def test_no_word_becomes_itself_and_none_is_lost_on_the_way_back():
    assert all(word != other and word == word.lower() for word, other in WORDS.items())


def test_pairs_that_stay_as_they_are_or_become_alike_are_left_out():
    same = Preference("Q", "nothing here", "nor here")
    alike = Preference("Q", "YES", "yes")
    one = Preference("Q", "It is large", "nor here", target=0.3, margin=2.0, meta={"topic": "t"})
    ((before, after),) = shifted([same, one], "wording")
    assert before is one
    assert (after.chosen, after.rejected, after.target, after.margin) == ("It is big", "nor here", 0.3, 2.0)
    assert after.meta == {"topic": "t", "shift": "wording"}
    assert shifted([alike], "lower_case") == []
    assert set(SHIFTS) == {"layout", "wording", "lower_case"}
