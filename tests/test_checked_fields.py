"""Values that JSON can hold where text or a number is due."""

import pytest

from rmexp.checked_fields import EmptyText, check_number, check_text, optional_id, optional_meta, required


@pytest.mark.parametrize("value", [True, None, 1, 1.5, ["a"], {"a": "b"}], ids=repr)
def test_what_is_no_text(value):
    with pytest.raises(ValueError, match="`chosen` must be a non-empty string, got ") as caught:
        check_text("chosen", value)
    assert not isinstance(caught.value, EmptyText)


def test_white_space_is_an_error_of_its_own():
    check_text("chosen", " a ")
    with pytest.raises(EmptyText, match=r'`chosen` must be a non-empty string, got " \\n"'):
        check_text("chosen", " \n")


@pytest.mark.parametrize("value", [True, "1", None, float("nan"), float("inf"), 10**400])
def test_what_is_no_number(value):
    check_number("margin", 0)
    with pytest.raises(ValueError, match="`margin` must be a finite number"):
        check_number("margin", value)


def test_fields_that_may_be_missing():
    assert (optional_id({}), optional_id({"id": 7}), optional_meta({})) == ("", "7", {})
    for wrong in ({"id": True}, {"id": None}, {"id": ["a"]}):
        with pytest.raises(ValueError, match="`id` must be a string"):
            optional_id(wrong)
    with pytest.raises(ValueError, match="`meta` must be an object, got a list"):
        optional_meta({"meta": ["a"]})


def test_a_field_that_must_be_there():
    with pytest.raises(ValueError, match="`prompt` is missing; the row has a, b"):
        required({"a": 1, "b": 2}, "prompt")
