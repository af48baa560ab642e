from itertools import permutations

import numpy as np
import pytest

from rmexp.data.trained_on import TrainedOn, marked, trained_on, union
from rmexp.dialogue import Message
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference, Scored

TRAIN = (Preference("What is rain?", "Water.", "Fire."), Preference("Why?", "So.", "No."))
VAL = (Preference("Who?", "Me.", "You."), Preference("Why?", "Now.", "Never."))
DATA = PreferenceData({"train": TRAIN, "val": VAL, "test": (Preference("Where?", "Here.", "There."),)})
KNOWN = trained_on(DATA)


@pytest.mark.parametrize(
    ("record", "mark"),
    [
        (TRAIN[0], "pair"),
        (Preference("What is rain?", "Fire.", "Water."), "pair"),  # sides and with them the label turned round
        (Preference("What is rain?", "Water.", "Fire.", target=0.0, id="renamed", meta={"n": 1}), "pair"),
        (Preference("  what is RAIN", "water", "FIRE!"), "pair"),  # but for case, space and punctuation
        (Preference((Message("user", "What is rain?"),), "Water.", "Fire."), "pair"),
        (Preference((Message("system", "Be brief."), Message("user", "What is rain?")), "Water.", "Fire."), "no"),
        (Preference("What is rain?", "Water.", "Snow."), "prompt"),
        (VAL[0], "validation"),
        (VAL[1], "validation"),  # whose prompt was trained on, too
        (Preference("Who?", "Me.", "They."), "no"),  # a prompt that was only validated with
        (DATA.splits["test"][0], "no"),
        (Candidates("What is rain?", ("Snow.", "Fire.", "Ice.", "Water.")), "pair"),
        (Candidates("What is rain?", ("Snow.", "Fire.")), "prompt"),
    ],
)
def test_a_record_is_known_by_its_prompt_and_its_responses_in_no_order(record, mark):
    assert KNOWN.mark(record) == mark


def test_a_conversation_is_known_as_messages_and_as_the_text_that_names_the_speakers():
    turns = (Message("user", "What is rain?"), Message("assistant", "Water."), Message("user", "And\nsnow?"))
    text = "\n\nHuman: What is rain?\n\nAssistant: Water.\n\nHuman: And\nsnow?\n\nAssistant:"
    for learnt, met in ((turns, text), (text, turns)):
        known = trained_on(PreferenceData({"train": (Preference(learnt, "Ice.", "Fire."),)}))
        assert known.mark(Preference(met, "Ice.", "Fire.")) == "pair"
    other = "\n\nHuman: What is rain?\n\nAssistant: Fire.\n\nHuman: And\nsnow?\n\nAssistant:"
    assert known.mark(Preference(other, "Ice.", "Fire.")) == "no"


def test_without_prompts_only_pairs_are_known():
    empty = trained_on(PreferenceData({"train": (Preference("", "a", "b"), Preference("  ", "c", "d"))}))
    assert len(empty.pairs) == 2
    assert empty.mark(Preference("", "b", "a")) == "pair"
    assert empty.mark(Preference("", "a", "d")) == "no"


def test_demonstrations_and_a_policy_on_its_own_samples_leave_prompts():
    shown = PreferenceData({}, demonstrations={"train": (Candidates("Why?", ("So.",)),)})
    for known in (trained_on(shown), trained_on(DATA, prompts_alone=True)):
        assert len(known.pairs) == len(known.val_pairs) == 0
        assert known.mark(TRAIN[1]) == "prompt"


def test_keys_are_sorted_and_eight_bytes_each_whatever_the_order():
    for train in permutations([*TRAIN, TRAIN[0]]):
        again = trained_on(PreferenceData({"train": train, "val": VAL}))
        assert again.fingerprint() == KNOWN.fingerprint()
    assert KNOWN.pairs.nbytes == 16
    assert list(KNOWN.pairs) == sorted(KNOWN.pairs)
    assert trained_on(PreferenceData({"train": VAL, "val": TRAIN})).fingerprint() != KNOWN.fingerprint()


def test_a_chain_knows_what_each_of_its_models_was_trained_on():
    second = trained_on(PreferenceData({"train": DATA.splits["test"]}))
    both = union([None, KNOWN, second])
    assert [both.mark(pair) for pair in (*TRAIN, VAL[0], DATA.splits["test"][0])] == ["pair"] * 2 + [
        "validation",
        "pair",
    ]
    assert len(both.pairs) == 3
    assert union([None, None]) is None


def test_scores_are_marked_where_something_is_known():
    rows = [Scored(pair.id, (0.0, 0.0), (1, 1), (False, False)) for pair in TRAIN]
    assert [row.trained_on for row in marked(rows, TRAIN, KNOWN)] == ["pair", "pair"]
    assert [row.trained_on for row in marked(rows, TRAIN, TrainedOn())] == ["no", "no"]
    assert list(marked(rows, TRAIN, None)) == rows


def test_no_two_of_many_pairs_share_a_key():
    pairs = tuple(Preference(f"Q{index % 100}", f"a {index}", f"b {index}") for index in range(20_000))
    known = trained_on(PreferenceData({"train": pairs}))
    assert len(known.pairs) == 20_000
    assert len(known.prompts) == 100
    assert known.pairs.dtype == np.dtype("<u8")
