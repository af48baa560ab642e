"""The preference formats that the documentation of TRL shows."""

import pytest

from rmexp.records import Message

USER = {"role": "user", "content": "What color is the sky?"}
BLUE, GREEN = ({"role": "assistant", "content": f"It is {color}."} for color in ("blue", "green"))
PROMPT = (Message("user", "What color is the sky?"),)


@pytest.mark.parametrize(
    ("row", "prompt", "chosen", "rejected"),
    [
        ({"prompt": "The sky is", "chosen": " blue.", "rejected": " green."}, "The sky is", " blue.", " green."),
        ({"chosen": "The sky is blue.", "rejected": "The sky is green."}, "The sky is", " blue.", " green."),
        ({"chosen": "It is blue.", "rejected": "It is black."}, "It is", " blue.", " black."),
        ({"chosen": "Sky? Blue", "rejected": "Sky? Blue or so"}, "Sky?", " Blue", " Blue or so"),
        ({"prompt": [USER], "chosen": [BLUE], "rejected": [GREEN]}, PROMPT, "It is blue.", "It is green."),
        ({"chosen": [USER, BLUE], "rejected": [USER, GREEN]}, PROMPT, "It is blue.", "It is green."),
        ({"prompt": None, "chosen": [USER, BLUE], "rejected": [USER, GREEN]}, PROMPT, "It is blue.", "It is green."),
        # as in HuggingFaceH4/ultrafeedback_binarized
        (
            {"prompt": USER["content"], "chosen": [USER, BLUE], "rejected": [USER, GREEN]},
            PROMPT,
            "It is blue.",
            "It is green.",
        ),
        ({"prompt": "Sky?", "chosen": [BLUE], "rejected": [GREEN]}, "Sky?", "It is blue.", "It is green."),
    ],
)
def test_explicit_and_implicit_prompts(pairs, row, prompt, chosen, rejected):
    (pair,) = pairs("messages", [row])
    assert (pair.prompt, pair.chosen, pair.rejected) == (prompt, chosen, rejected)


def test_an_implicit_prompt_has_every_turn_that_both_share(pairs):
    before = [{"role": "system", "content": "Be brief."}, USER, BLUE, USER]
    (pair,) = pairs("messages", [{"chosen": [*before, BLUE], "rejected": [*before, GREEN]}])
    assert [message.role for message in pair.prompt] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"chosen": [USER], "rejected": [USER, GREEN]}, "after the 1 that both sides share, got 0"),
        ({"chosen": [USER, USER], "rejected": [USER, GREEN]}, "got 1, the last by user"),
        ({"chosen": [BLUE], "rejected": [GREEN]}, "must begin with the same messages, the prompt"),
        (
            {"prompt": "Grass?", "chosen": [USER, BLUE], "rejected": [USER, GREEN]},
            "`prompt` must be among the messages",
        ),
        (
            {"chosen": [USER, BLUE], "rejected": "It is"},
            '`rejected` must be a list of messages like the other side, got "',
        ),
        ({"chosen": [USER, {"role": "assistant"}], "rejected": [USER, GREEN]}, "`chosen[1]` must be a message with"),
        ({"chosen": "blue", "rejected": "green"}, "expected two texts that begin with the same words"),
        ({"chosen": 1, "rejected": "green"}, "expected a text with an implicit prompt, got 1"),
        ({"prompt": "a", "chosen": 1, "rejected": "green"}, "`chosen` must be a non-empty string, got 1"),
        ({"prompt": "a", "rejected": "green"}, "`chosen` is missing"),
    ],
)
def test_other_rows_are_errors(problem, row, message):
    assert message in problem("messages", row)
