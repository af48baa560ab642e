import pytest

from rmexp.data.text_measures import is_json, list_items, markdown_marks, prompt_overlap


@pytest.mark.parametrize(
    ("text", "items", "marks"),
    [
        ("", 0, 0),
        ("1. a\n2) b\n * c\n\u2022 d", 4, 4),
        ("2020 was\n-no\n3.14 is", 0, 0),
        ("# T\n## U\n#tag", 0, 2),
        ("**a** `b` [c](d)", 0, 3),
        ("```\ncode\n```", 0, 2),
        ("| a | b |", 0, 1),
        ("2 * 3 ** 4", 0, 0),
    ],
)
def test_lists_and_markdown(text, items, marks):
    assert (list_items(text), markdown_marks(text)) == (items, marks)


def test_words_of_the_prompt_are_counted_once_and_whatever_their_writing():
    assert prompt_overlap("Is the THE rope long?", "the rope, the Rope") == 2 / 4
    assert prompt_overlap("", "anything") == 0.0
    assert prompt_overlap("anything", "") == 0.0


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (' {"a": [1]}\n', True),
        ("[]", True),
        ("", False),
        ('"a"', False),
        ('{"a": 1} and more', False),
        ("[" * 9**5, False),
    ],
)
def test_whether_the_whole_is_json(text, whole):
    assert is_json(text) is whole
