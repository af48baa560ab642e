import copy

import pytest

from rmexp.encoding.encode import Encoder
from rmexp.encoding.pinned_date import DATE, DAY, pinned


def test_the_two_forms_of_the_day_are_one():
    assert DAY.strftime("%d %b %Y") == DATE


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ date_string if date_string is defined else strftime_now('%d %b %Y') }}", "26 Jul 2024"),
        ('{%- set today = strftime_now("%Y-%m-%d") %}Today is {{ today }}.', "Today is 2024-07-26."),
        ("{{ strftime_now( '%A, %B' ) }}", "Friday, July"),
        ("{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% endif %}", "2024"),
        ("{{ 'no date' }}", "no date"),
    ],
)
def test_whatever_the_template_asks_for_is_of_one_day(tokenizer, limits, template, text):
    dated = copy.deepcopy(tokenizer)
    dated.chat_template = template
    assert Encoder(dated, limits).render("u") == text


def test_a_date_that_cannot_be_pinned_is_refused():
    with pytest.raises(ValueError, match=r"cannot be pinned.*set model.chat_template"):
        pinned("{% set f = '%Y' %}{{ strftime_now(f) }}")
