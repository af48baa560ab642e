import pytest

from rmexp.records import Message

ROW = {"prompt": "p", "chosen": "c", "rejected": "r"}


def test_columns_have_the_names_of_their_fields(pairs):
    (pair,) = pairs("columns", [ROW | {"target": 0.7, "margin": 2, "id": 3, "meta": {"a": 1}, "other": 1}])
    assert pair.to_row() == ROW | {"id": "3", "target": 0.7, "margin": 2, "meta": {"a": 1}}


def test_other_names_and_dotted_paths(pairs):
    row = {"question": "p", "answers": {"better": "c", "worse": "r"}, "meta": {"votes": {"share": "0.8"}, "topic": "t"}}
    names = ["prompt=question", "chosen=answers.better", "rejected=answers.worse", "target=meta.votes.share"]
    (pair,) = pairs("columns", [row], *names, "meta=[meta.topic]")
    assert pair.to_row() == ROW | {"id": pair.id, "target": 0.8, "meta": {"topic": "t"}}


def test_a_table_keeps_all_other_columns(pairs):
    (pair,) = pairs("table", [ROW | {"target": 1, "topic": "t", "n": None, "meta": {"a": float("nan")}}])
    assert pair.meta == {"topic": "t", "n": None, "a": None}
    assert pairs("table", [ROW | {"meta": "text"}])[0].meta == {"meta": "text"}


def test_fields_that_need_not_be_there_may_be_null(pairs):
    (pair,) = pairs("columns", [ROW | {"target": None, "margin": None, "id": None, "meta": None}])
    assert (pair.target, pair.margin, pair.meta) == (1.0, None, {})
    assert pair.id == pairs("columns", [ROW])[0].id


@pytest.mark.parametrize(("row", "overrides"), [({"system": "s"}, []), ({"said": {"by": "s"}}, ["system=said.by"])])
def test_what_stands_beside_three_texts_is_looked_at(pairs, row, overrides):
    bare, told = pairs("columns", [ROW, ROW | row], *overrides)
    assert bare.prompt == "p"
    assert told.prompt == (Message("system", "s"), Message("user", "p"))


def test_a_prompt_that_both_sides_begin_with_is_not_looked_for_where_there_is_one(pairs):
    texts = {"chosen": "same words then", "rejected": "same words else"}
    cut, given = pairs("columns", [texts, texts | {"prompt": "p"}], "implicit=true")
    assert (cut.prompt, cut.chosen) == ("same words", " then")
    assert (given.prompt, given.chosen) == ("p", "same words then")


def test_a_target_for_every_row(pairs):
    (pair,) = pairs("columns", [{"prompt": "p", "a": "x", "b": "y"}], "chosen=a", "rejected=b", "target=0.5")
    assert (pair.chosen, pair.target) == ("x", 0.5)


def test_prompts_of_messages(pairs):
    (pair,) = pairs("columns", [ROW | {"prompt": [{"role": "user", "content": "p"}]}])
    assert pair.prompt == (Message("user", "p"),)


@pytest.mark.parametrize(
    ("row", "overrides", "message"),
    [
        (
            {"chosen": "c"},
            [],
            "`prompt`, `rejected` are missing; the row has chosen; set data.format.prompt, data.format.rejected",
        ),
        (ROW, ["chosen=better"], "`better` is missing; the row has prompt, chosen, rejected; set data.format.chosen"),
        (ROW, ["target=label"], "`label` is missing; the row has prompt, chosen, rejected"),
        (ROW, ["target=meta.label"], "`meta.label` is missing"),
        (ROW, ["meta=[topic]"], "`topic` is missing"),
        (ROW, ["target=label", "margin=gap"], "`gap` is missing; the row has prompt, chosen, rejected"),
        (ROW, ["id=key"], "`key` is missing"),
        (ROW | {"chosen": [{"role": "assistant"}]}, [], "`chosen[0]` must be a message with a `role` and a `content`"),
        (
            {"q": "p"},
            [],
            "`prompt`, `chosen`, `rejected` are missing; the row has q; set data.format.prompt, data.format.",
        ),
        (ROW | {"target": True}, [], "`target` must be a finite number, got true"),
        (ROW | {"meta": "x"}, [], '`meta` must be an object, got "x"'),
    ],
)
def test_what_is_not_there_is_named_with_its_column(problem, row, overrides, message):
    assert message in problem("columns", row, *overrides)


def test_input_stands_below_the_prompt_and_system_before_it(pairs):
    (pair,) = pairs("columns", [ROW | {"input": "i", "system": "s"}])
    assert pair.prompt == (Message("system", "s"), Message("user", "p\ni"))
    assert pairs("columns", [ROW | {"input": "", "system": None}])[0].prompt == "p"


def test_the_prompts_of_other_tools(pairs):
    sides = {"chosen": "c", "rejected": "r"}
    (pair,) = pairs("alpaca", [sides | {"instruction": "Add.", "input": "1 + 1"}])
    assert pair.prompt == "Add.\n1 + 1"
    (pair,) = pairs("axolotl", [sides | {"system": "s", "input": "1 + 1"}])
    assert pair.prompt == (Message("system", "s"), Message("user", "1 + 1"))
    talk = [{"from": "system", "value": "s"}, {"from": "human", "value": "p"}]
    row = {"conversations": talk, "chosen": {"from": "gpt", "value": "c"}, "rejected": {"from": "gpt", "value": "r"}}
    (pair,) = pairs("sharegpt", [row])
    assert (pair.prompt, pair.chosen) == ((Message("system", "s"), Message("user", "p")), "c")


def test_messages_without_being_told(pairs):
    talk = [{"role": "user", "content": "p"}]
    row = {side: [*talk, {"role": "assistant", "content": side}] for side in ("chosen", "rejected")}
    (pair,) = pairs("columns", [row | {"margin": 2}])
    assert (pair.prompt, pair.chosen, pair.margin) == ((Message("user", "p"),), "chosen", 2)


def test_texts_without_a_prompt_need_to_be_told(problem):
    row = {"chosen": "It is c", "rejected": "It is r"}
    assert "`prompt` is missing" in problem("columns", row)


def test_two_outputs(pairs):
    (pair,) = pairs("two_outputs", [{"instruction": "Add.", "input": "1 + 1", "output": ["2", "3"]}])
    assert (pair.prompt, pair.chosen, pair.rejected) == ("Add.\n1 + 1", "2", "3")


TURNS = (Message("system", "s"), Message("user", "a"), Message("assistant", "b"), Message("user", "p\ni"))


@pytest.mark.parametrize(
    ("name", "sides"), [("alpaca", {"chosen": "c", "rejected": "r"}), ("two_outputs", {"output": ["c", "r"]})]
)
def test_a_history_stands_before_instruction_and_input(pairs, name, sides):
    row = {"instruction": "p", "input": "i", "system": "s", "history": [["a", "b"]], **sides}
    (pair,) = pairs(name, [row])
    assert (pair.prompt, pair.chosen, pair.rejected) == (TURNS, "c", "r")
    assert pairs(name, [row | {"history": [], "system": ""}])[0].prompt == "p\ni"
    assert pairs("columns", [ROW | {"history": [["a", "b"]]}])[0].prompt == "p"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"history": "a"}, '`history` must be a list of pairs of texts, got "a"'),
        ({"history": [["a"]]}, "`history[0]` must be a text of the user and one of the assistant, got a list"),
        (
            {"history": [["a", "b"]], "prompt": [{"role": "user", "content": "p"}]},
            "`history` stands before `prompt`, expected a text there, got a list",
        ),
    ],
)
def test_a_history_of_something_else_is_told(problem, row, message):
    assert message in problem("columns", ROW | row, "history=history")


def test_two_columns_are_not_kept_as_one(problem):
    row = ROW | {"first": {"score": 1}, "second": {"score": 2}}
    said = problem("columns", row, "meta=[first.score,second.score]")
    assert "`first.score` and `second.score` would be one meta field" in said
