"""What a file is taken for, and who has the last word."""

import json
import logging
from pathlib import Path

import pytest

from rmexp.config.recognition import with_recognised

HELPSTEER3 = {"context": [{"role": "user", "content": "Why?"}], "response1": "x", "response2": "y"}
PKU = {"prompt": "p", "response_0": "x", "response_1": "y", "better_response_id": 0, "safer_response_id": 1}
NAMED = ["data.format.prompt=q", "data.format.chosen=good", "data.format.rejected=bad"]
PAIR = {"prompt": "p", "chosen": "c", "rejected": "r"}


@pytest.fixture
def recognise(tmp_path, monkeypatch):
    """The overrides that are added for rows in a file."""
    monkeypatch.chdir(tmp_path)

    def write(rows, *overrides, name="a.jsonl", verb="profile", options=("data=jsonl",)):
        Path(name).write_text("\n".join(map(json.dumps, rows)))
        given = [*options, f"data.path={name}", *overrides]
        return [text for text in with_recognised(verb, given) if text not in given]

    return write


def test_a_file_is_told_by_its_rows_and_the_line_says_how_to_say_otherwise(recognise, caplog):
    with caplog.at_level(logging.INFO, logger="rmexp"):
        logging.getLogger("rmexp").propagate = True
        assert recognise([HELPSTEER3 | {"overall_preference": 2}] * 2) == ["data/format=helpsteer3"]
    (line,) = set(caplog.messages)
    assert line.startswith("a.jsonl: taken for data/format=helpsteer3, HelpSteer3: context, response1, response2 and")
    assert line.endswith("(another data/format=... says otherwise)")


@pytest.mark.parametrize(
    ("row", "options", "what"),
    [
        (PAIR, [], "columns of texts, prompt, chosen and rejected"),
        ({"q": "p", "good": "c", "bad": "r"}, NAMED, "columns of texts, q, good and bad"),
        (PAIR | {"prompt": [{"role": "user", "content": "p"}]}, [], "columns with messages"),
    ],
)
def test_columns_are_told_too(recognise, caplog, row, options, what):
    with caplog.at_level(logging.INFO, logger="rmexp"):
        logging.getLogger("rmexp").propagate = True
        assert recognise([row], *options, name="told.jsonl") == []
    (line,) = set(caplog.messages)
    assert line == f"told.jsonl: taken for {what} (another data/format=... says otherwise)"


def test_a_vote_that_is_not_read_is_told_with_what_reads_it(recognise, caplog):
    row = {"prompt": "p", "response_a": "x", "response_b": "y", "winner": "a"}
    named = ["data.format.chosen=response_a", "data.format.rejected=response_b"]
    logging.getLogger("rmexp").propagate = True
    with caplog.at_level(logging.WARNING, logger="rmexp"):
        assert recognise([row], *named, name="votes.jsonl") == []
        assert recognise([row], *named, "data.format.target=1", name="told_so.jsonl") == []
        assert recognise([row | {"target": 1}], *named, name="target.jsonl") == []
    (line,) = caplog.messages
    assert line.startswith(
        "votes.jsonl: `response_a` is taken for the better one in every row, though the row seems to"
    )
    assert "(set data/format=sides data.format.first=response_a data.format.second=response_b data.format.lab" in line


def test_a_chosen_response_that_is_scored_lower_is_doubted(recognise, caplog):
    logging.getLogger("rmexp").propagate = True
    rows = [
        PAIR | {"score_chosen": score, "score_rejected": 2, "chosen_tokens": 0, "rejected_tokens": 9}
        for score in (1, "1", 3)
    ]
    with caplog.at_level(logging.WARNING, logger="rmexp"):
        assert recognise(rows[1:]) == recognise(rows, "data.format.target=1") == []
        assert caplog.messages == []
        assert recognise(rows) == []
    (line,) = caplog.messages
    assert line == (
        "a.jsonl: `score_chosen` is below `score_rejected` in 2 of the first 3 rows: are the columns of the responses "
        "exchanged? (set data.format.chosen=rejected data.format.rejected=chosen)"
    )


def test_lists_with_numbers_are_not_taken_for_lists_in_order(recognise):
    listed = {"prompt": "p", "responses": ["x", "y"]}
    assert recognise([listed]) == ["data/format=ranked"]
    assert recognise([listed | {"scores": [1, 2]}]) == ["data/format=scored_responses"]
    assert recognise([listed | {"ranks": [2, 1]}]) == []  # what to set is told when the file is read


def test_pairs_need_no_choice_and_a_choice_that_is_made_stands(recognise):
    assert recognise([PAIR], name="b.jsonl") == []
    assert recognise([PKU], "data/format=sides", name="c.jsonl") == []


def test_the_keys_of_the_format_that_is_found_can_be_set(recognise):
    assert recognise([PKU], "data.format.label=safer_response_id", name="d.jsonl") == ["data/format=safe_rlhf"]
    assert recognise([{"q": "p", "good": "c", "bad": "r"}], *NAMED, name="e.jsonl") == []


def test_a_few_bad_rows_do_not_hide_what_the_others_are(recognise):
    assert recognise([PKU, {"prompt": 1}, PKU], name="f.jsonl") == ["data/format=safe_rlhf"]
    assert recognise([PAIR, PAIR, {"prompt": 7, "chosen": 3.5, "rejected": None}], name="g.jsonl") == []
    assert recognise([{"a": 1}] * 3, name="h.jsonl") == []


def test_files_below_the_data_are_looked_at_too(recognise):
    recognise([PKU], name="i.jsonl")
    tests = ["+data@tests.other=jsonl", "tests.other.path=i.jsonl"]
    added = recognise([PAIR], *tests, name="j.jsonl", verb="train")
    assert added == ["data/format@tests.other.format=safe_rlhf"]


def test_a_file_that_is_not_there_is_left_to_the_source(tmp_path):
    assert with_recognised("profile", ["data=jsonl", f"data.path={tmp_path / 'no.jsonl'}"])[2:] == []


def test_steps_with_labels_are_refused(recognise):
    row = {"prompt": "p", "completions": ["a", "b"], "labels": [True, False]}
    with pytest.raises(ValueError, match="the steps of an answer with a label for each, for process reward models"):
        recognise([row], name="k.jsonl")


def test_a_folder_of_the_hub_s_is_looked_at_too(recognise, caplog):
    pytest.importorskip("datasets", reason="the extra data is not installed")
    row = HELPSTEER3 | {"overall_preference": 2}
    options = ["data=hub"]
    logging.getLogger("rmexp").propagate = True
    with caplog.at_level(logging.INFO, logger="rmexp"):
        Path("repository").mkdir()
        for name, rows in (("train", [row]), ("pairs", [PAIR])):
            recognise(rows, name=f"repository/{name}.jsonl", options=("data=csv",))
        caplog.clear()
        given = [*options, "data.path=repository"]
        assert with_recognised("profile", given)[len(given) :] == ["data/format=helpsteer3"]
    assert [line for line in caplog.messages if line.startswith("repository: taken for data/format=helpsteer3, ")]
    given = ["data=hub", "data.path=nowhere/at_all", "data.train_split=null"]
    assert with_recognised("profile", given) == given
