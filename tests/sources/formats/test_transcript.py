import pytest

from rmexp.records import Message
from rmexp.sources.formats.transcript import prompt_of, turns


def test_a_name_inside_a_line_begins_no_turn():
    text = "Human: Say Human: twice\nAssistant: in the next line\n\nAssistant: No.\n\nHuman:"
    assert turns(text) == [
        Message("user", "Say Human: twice\nAssistant: in the next line"),
        Message("assistant", "No."),
        Message("user", ""),
    ]


@pytest.mark.parametrize("text", ["\n\nHuman: Hi\n\nAssistant:", "Human: Hi\n\nAssistant: \n", "\n\nHuman: Hi"])
def test_a_prompt_may_end_with_an_empty_turn_of_the_assistant(text):
    assert prompt_of(text) == (Message("user", "Hi"),)


@pytest.mark.parametrize("text", ["", "Hello", "Hello\n\nHuman: x", None, 3])
def test_anything_else_is_no_transcript(text):
    with pytest.raises(ValueError, match="expected a transcript"):
        turns(text)
