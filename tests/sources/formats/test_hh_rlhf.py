import pytest

from rmexp.checked_fields import EmptyText
from rmexp.records import Message

BEFORE = "\n\nHuman: Where is north?\n\nAssistant: Do you have a compass?\n\nHuman: No: what else helps?"
PROMPT = (
    Message("user", "Where is north?"),
    Message("assistant", "Do you have a compass?"),
    Message("user", "No: what else helps?"),
)


def row(chosen, rejected, before=BEFORE):
    return {"chosen": f"{before}\n\nAssistant:{chosen}", "rejected": f"{before}\n\nAssistant:{rejected}"}


def test_transcripts_are_split_at_the_last_turn_of_the_assistant(pairs):
    (pair,) = pairs("hh_rlhf", [row(" The sun.\n\nAt noon.", " Assistant: no idea ")])
    assert pair.prompt == PROMPT
    assert (pair.chosen, pair.rejected) == ("The sun.\n\nAt noon.", "Assistant: no idea")


def test_the_prompt_in_a_column_of_its_own(pairs):
    content = {"prompt": f"{BEFORE}\n\nAssistant:", "chosen": " The sun.", "rejected": " Moss."}
    assert pairs("hh_rlhf", [content], "prompt=prompt") == pairs("hh_rlhf", [row(" The sun.", " Moss.")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            row(" a\n\nHuman: x\n\nAssistant: c", " b\n\nHuman: x\n\nAssistant: d"),
            "5 and 5 turns before it that are not",
        ),
        (row(" a", " b\n\nHuman: x\n\nAssistant: d"), "the last turn only, got 3 and 5 turns before it"),
        (
            row(" a\n\nHuman: thanks", " b"),
            "`chosen` must end with a turn of the assistant after one of the human's, got user",
        ),
        (
            row(" a", " b", before=""),
            "`chosen` must end with a turn of the assistant after one of the human's, got assis",
        ),
        (
            {"chosen": "Hello", "rejected": "You"},
            '`chosen`: expected a transcript that begins with "Human:", got "Hello"',
        ),
        ({"chosen": None, "rejected": "You"}, "`chosen` must be a transcript, got null"),
        ({"chosen": f"{BEFORE}\n\nAssistant: a"}, "`rejected` is missing"),
    ],
)
def test_other_rows_are_errors(problem, content, message):
    assert message.replace("the last turn", "the assistant's last turn") in problem("hh_rlhf", content)


def test_an_empty_last_turn_has_its_kind(outcomes):
    ((_, error),) = outcomes("hh_rlhf", [row(" ", " b")])
    assert isinstance(error, EmptyText)
