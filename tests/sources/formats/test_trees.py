from rmexp.records import Message
from rmexp.sources.rows import LeftOut

ASK = Message("user", "Why?")


def said(text, role="assistant", rank=None, replies=()):
    return {"text": text, "role": role, "rank": rank, "replies": list(replies)}


def tree():
    deeper = said("And?", "prompter", replies=[said("z", rank=0), said("w", rank=1)])
    answers = [said("y", rank=1), said("x", rank=0, replies=[deeper]), said("v")]
    return {"message_tree_id": "t", "prompt": said("Why?", "prompter", replies=answers)}


def test_answers_to_one_message_are_paired_by_rank_wherever_they_stand(outcomes):
    found = [outcome for _, outcome in outcomes("oasst", [tree()])]
    assert [type(outcome) is LeftOut for outcome in found] == [True, False, False]
    first, second = found[1:]
    assert (first.prompt, first.chosen, first.rejected, first.target, first.margin) == ((ASK,), "x", "y", 1.0, 1.0)
    assert second.prompt == (ASK, Message("assistant", "x"), Message("user", "And?"))
    assert (second.chosen, second.rejected) == ("z", "w")
    assert {first.meta["group"], second.meta["group"]} == {"t"}


def test_a_message_a_row_gives_the_same_pairs_in_any_order(outcomes):
    rows, number = [], iter(range(99))

    def flatten(node, parent):
        name = str(next(number))
        rows.append({**node, "message_id": name, "parent_id": parent, "message_tree_id": "t"})
        del rows[-1]["replies"]
        for reply in node["replies"]:
            flatten(reply, name)

    flatten(tree()["prompt"], None)
    whole = [outcome for _, outcome in outcomes("oasst", [tree()])]
    flat = [outcome for _, outcome in outcomes("oasst", rows[::-1])]
    assert flat[0] == whole[0]
    assert {pair.id for pair in flat[1:]} == {pair.id for pair in whole[1:]}


def test_equal_ranks_say_nothing_and_other_rows_are_told(outcomes):
    tie = {"prompt": said("Why?", "prompter", replies=[said("x", rank=0), said("y", rank=0)])}
    ((_, outcome),) = outcomes("oasst", [tie])
    assert outcome == LeftOut("ties (data.format.pairing.ties=drop)")
    ((_, error),) = outcomes("oasst", [{"a": 1}])
    assert str(error) == "expected a tree of messages, or a message, got a"


def message(name, parent, text="Why?", role="prompter"):
    return {"message_id": name, "parent_id": parent, "text": text, "role": role, "rank": None}


def test_messages_that_are_in_no_tree_are_told_and_those_that_come_twice_are_counted(outcomes):
    circle = [message("a", "c"), message("b", "a"), message("c", "b")]
    found = [str(outcome) for _, outcome in outcomes("oasst", [message("r", None), *circle])]
    assert found == ["`parent_id` leads from parent to parent back to where it began"] * 3
    answers = [message("x", "r", "x", "assistant") | {"rank": 0}, message("y", "r", "y", "assistant") | {"rank": 1}]
    repeated, pair = [outcome for _, outcome in outcomes("oasst", [message("r", None), *answers, answers[0]])]
    assert repeated == LeftOut("repeated messages")
    assert (pair.chosen, pair.rejected) == ("x", "y")
    ((_, error),) = outcomes("oasst", [message("r", None), message("r", "r")])
    assert str(error) == "two messages have the id r"
    ((_, error),) = outcomes("oasst", [message(["r"], None)])
    assert "`message_id` must be a text or a number" in str(error)
