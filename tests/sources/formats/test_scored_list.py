"""The shape of nvidia/HelpSteer2 with texts of our own."""

from rmexp.checked_fields import EmptyText
from rmexp.records import Message, Preference
from rmexp.sources.rows import LeftOut


def row(prompt, response, helpfulness, correctness=2):
    rest = {"correctness": correctness, "coherence": 4, "complexity": 1, "verbosity": 2}
    return {"prompt": prompt, "response": response, "helpfulness": helpfulness} | rest


ROWS = [row("p", "a", 1), row("q", "x", 3), row("p", "b", 4), row("q", "y", 3), row("p", "c", 2), row("alone", "z", 1)]


def test_rows_of_one_prompt_are_paired_wherever_they_stand(outcomes):
    found = outcomes("helpsteer2", ROWS)
    made = [(line, pair.prompt, pair.chosen, pair.rejected, pair.target) for line, pair in found[:-1]]
    assert made == [
        (1, "p", "b", "c", 1.0),
        (1, "p", "b", "a", 1.0),
        (1, "p", "c", "a", 1.0),
        (2, "q", "x", "y", 0.5),
    ]
    assert found[-1] == (6, LeftOut("prompts with fewer than two responses"))
    groups = [pair.meta["group"] for _, pair in found[:-1]]
    assert len(set(groups[:3])) == 1
    assert groups[0] != groups[3]


def test_prompts_of_several_turns_become_messages(pairs, outcomes):
    dialogue = "Hi\n\n<extra_id_1>Assistant\n\nHello.\n\n<extra_id_1>User\n\nBye"
    (pair,) = pairs("helpsteer2", [row(dialogue, "a", 1), row(dialogue, "b", 2)])
    assert pair.prompt == (Message("user", "Hi"), Message("assistant", "Hello."), Message("user", "Bye"))
    (_, problem), _ = outcomes("helpsteer2", [row(dialogue.rpartition("\n\n<")[0], "a", 1), row("p", "b", 2)])
    assert "ends with the assistant's" in str(problem)
    (text,) = pairs("helpsteer2", [row(dialogue, "a", 1), row(dialogue, "b", 2)], "turn_marker=null")
    assert text.prompt == dialogue


def test_scores_can_be_averaged(pairs):
    rows = [row("p", "a", 4, correctness=0), row("p", "b", 3, correctness=4)]
    assert pairs("helpsteer2", rows)[0].chosen == "a"
    assert pairs("helpsteer2", rows, "score=[helpfulness,correctness]")[0].margin == 1.5


def test_a_bad_row_is_named_and_the_others_are_paired(outcomes):
    rows = [row("p", "a", 1), row("p", "", 2), row("p", "b", None), row(None, "c", 1), row("p", "d", 3)]
    found = outcomes("helpsteer2", rows)
    assert [line for line, _ in found] == [2, 3, 4, 1]
    assert isinstance(found[0][1], EmptyText)
    assert str(found[1][1]) == "`helpfulness` must be a finite number, got null"
    assert str(found[2][1]) == "`prompt` must be a string or a list of messages, got null"
    assert (found[3][1].chosen, found[3][1].rejected) == ("d", "a")


TALK = [{"role": "user", "content": "Why?"}]


def labelled(prompt, completion, label):
    return {"prompt": prompt, "completion": completion, "label": label}


def test_good_completions_meet_the_bad_ones_of_the_same_prompt(outcomes):
    rows = [("p", "a", True), ("q", "b", False), ("p", "c", False), ("p", "d", "true"), ("q", "e", 0)]
    found = [outcome for _, outcome in outcomes("unpaired", [labelled(*row) for row in rows])]
    pairs = [outcome for outcome in found if isinstance(outcome, Preference)]
    assert [(pair.prompt, pair.chosen, pair.rejected) for pair in pairs] == [("p", "a", "c"), ("p", "d", "c")]
    assert [pair.target for pair in pairs] == [1.0, 1.0]
    # a and d, b and e
    assert [outcome for outcome in found if outcome not in pairs] == [
        LeftOut("ties (data.format.pairing.ties=drop)")
    ] * 2


def test_a_prompt_with_one_completion_is_counted(outcomes):
    assert outcomes("unpaired", [labelled("p", "a", True)]) == [(1, LeftOut("prompts with fewer than two responses"))]


def test_completions_of_messages(pairs):
    rows = [labelled(TALK, [{"role": "assistant", "content": text}], text == "good") for text in ("bad", "good")]
    (pair,) = pairs("unpaired", rows)
    assert (pair.prompt, pair.chosen, pair.rejected) == ((Message("user", "Why?"),), "good", "bad")
