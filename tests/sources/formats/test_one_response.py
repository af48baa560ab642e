import pytest

from rmexp.dialogue import turns_of
from rmexp.records import Candidates, Message
from rmexp.sources.formats.one_response import with_responses

ASKED, ANSWERED = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
SYSTEM = {"role": "system", "content": "s"}


@pytest.mark.parametrize(
    ("row", "roles"),
    [
        ({"prompt": "q", "response": "a"}, ["user"]),
        ({"prompt": [ASKED], "completion": [ANSWERED]}, ["user"]),
        ({"messages": [SYSTEM, ASKED, ANSWERED]}, ["system", "user"]),
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "system": "s"},
         ["system", "user"]),
        ({"prompt": "q", "prompt_id": "5", "messages": [SYSTEM, ASKED, ANSWERED]}, ["system", "user"]),
        ({"prompt": "q", "response": "a", "system": "s"}, ["system", "user"]),
        ({"prompt": [ASKED], "completion": [ANSWERED], "system": "s"}, ["system", "user"]),
        ({"prompt": "q", "responses": ["a"], "system": "s"}, ["system", "user"]),
        ({"instruction": "q", "input": "", "output": "a"}, ["user"]),
        ({"instruction": "q", "output": "a", "history": [["x", "y"]]}, ["user", "assistant", "user"]),
        ({"instruction": "q", "output": "a", "system": "s"}, ["system", "user"]),
    ],
)  # fmt: skip
def test_layouts_of_single_responses(row, roles):
    record = Candidates.from_row(with_responses(row | {"id": "7", "meta": {"x": 1}}))
    turns = turns_of(record.prompt)
    assert [turn.role for turn in turns] == roles
    assert turns[-1] == Message("user", "q")
    assert (record.responses, record.id, record.meta) == (("a",), "7", {"x": 1})


@pytest.mark.parametrize(
    "row", [{"messages": [ASKED, ANSWERED]}, {"prompt": "q", "completion": "a"}, {"instruction": "q", "output": "a"}]
)
def test_tools_go_along(row):
    record = Candidates.from_row(with_responses(row | {"tools": [{"name": "f"}]}))
    assert record.prompt.tools == '[{"name": "f"}]'


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"instruction": "q", "output": 5}, "`output` must be a non-empty string, got 5"),
        ({"instruction": "q", "input": 3, "output": "a"}, "`input` must be a text, got 3"),
        ({"instruction": None, "output": "a"}, "`instruction` must be a text, got null"),
        ({"prompt": "q", "completion": ""}, '`completion` must be a non-empty string, got ""'),
        ({"messages": [SYSTEM, ASKED, ANSWERED], "system": "s"}, "expected one of them"),
    ],
)
def test_a_mistake_is_told_with_its_own_column(row, says):
    with pytest.raises(ValueError, match=says):
        with_responses(row)


def test_other_rows_stay_as_they_are():
    for row in ({"prompt": "p", "responses": ["a", "b"], "gold": [1, 2]}, {"text": "a"}, {"prompt": "p"}):
        assert with_responses(row) is row


@pytest.mark.parametrize("turns", [[ASKED], [ANSWERED, ASKED], [ANSWERED], []])
def test_messages_have_to_end_with_a_response(turns):
    with pytest.raises(ValueError, match="`messages` must end with a response of the assistant"):
        with_responses({"messages": turns})


def test_lists_in_a_table_are_read():
    row = {"prompt": "q", "responses": "['a', 'b']", "gold": "[1, 2.5]", "topic": "x"}
    assert with_responses(row) == row | {"responses": ["a", "b"], "gold": [1, 2.5]}
