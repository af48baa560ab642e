import logging
import re
from dataclasses import replace

import pytest

from rmexp.data.leaks.check import checked_for_leaks, find_leaks, leak_sentence, read_records
from rmexp.data.selection import Selection
from rmexp.jsonl import write_rows
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference

LONG = "Which of the many rivers of this country is the longest one and where does it end in the sea"
SELECTION = Selection(
    train_pairs=None,
    label_noise=0.0,
    sample_seed=0,
    difficulty=None,
    difficulty_bins=["easy"],
    leaks="warn",
    leak_similarity=0.7,
    leaks_against=[],
    trained_on="apart",
)


def pair(prompt, name=""):
    return Preference(prompt, f"good {name}", f"bad {name}", id=name)


TRAIN = (pair("What is rain?", "a"), pair("what is RAIN", "b"), pair(LONG, "c"), pair("Why?", "d"))
VAL = (pair("What is rain?", "v"), pair(LONG.replace("sea", "ocean"), "w"))
DATA = PreferenceData({"train": TRAIN, "val": VAL}, {"graded": (Candidates("Why?", ("because",), id="g"),)})


def test_each_pair_is_counted_once_by_its_first_kind():
    leaks = find_leaks(TRAIN, DATA.splits | DATA.candidates | {"train": ()}, 0.7)
    assert leaks.counts == {"exact": 2, "normalised": 1, "near": 1}
    assert leaks.by_set == {"train": 0, "val": 3, "graded": 1}
    assert leaks.indices == (0, 1, 2, 3)
    assert [(leak.id, leak.kind, leak.other_id) for leak in leaks.examples] == [
        ("a", "exact", "v"), ("b", "normalised", "v"), ("c", "near", "w"), ("d", "exact", "g"),
    ]  # fmt: skip
    assert leaks.examples[2].similarity == pytest.approx(17 / 19, abs=1e-4)


def test_near_duplicates_are_only_looked_for_on_request():
    assert find_leaks(TRAIN, {"val": VAL}, None).counts == {"exact": 1, "normalised": 1, "near": 0}


def test_pairs_without_a_prompt_leak_by_their_responses():
    train = (Preference("", "the cat sat", "the cat sit"), Preference("", "one", "two"))
    assert find_leaks(train, {"val": (Preference("", "the cat sit", "the cat sat"),)}, 0.8).indices == (0,)


def test_a_warning_is_one_line_with_counts_and_an_example(caplog):
    with caplog.at_level(logging.WARNING, logger="rmexp"):
        data, account = checked_for_leaks(DATA, SELECTION)
    (record,) = caplog.records
    assert "4 of 4 training pairs" in record.message
    assert "'What is rain?'" in record.message
    assert "\n" not in record.message
    assert data == DATA
    assert account["dropped"] == 0
    assert account["near"] == 1


def test_leaking_pairs_are_left_out_of_training_alone():
    data = replace(DATA, splits={"train": (*TRAIN, pair("Who?", "e")), "val": VAL})
    kept, account = checked_for_leaks(data, replace(SELECTION, leaks="drop"))
    assert [record.id for record in kept.splits["train"]] == ["e"]
    assert kept.splits["val"] == VAL
    assert account["dropped"] == 4
    assert checked_for_leaks(kept, SELECTION)[1]["exact"] == 0


def test_dropping_everything_is_an_error():
    with pytest.raises(ValueError, match="leaves none of 4 training pairs"):
        checked_for_leaks(DATA, replace(SELECTION, leaks="drop"))


def test_nothing_is_said_when_nothing_is_asked_or_found(caplog):
    assert checked_for_leaks(DATA, replace(SELECTION, leaks="ignore")) == (DATA, {})
    clean = replace(DATA, splits={"train": (pair("Who?"),), "val": VAL})
    assert checked_for_leaks(clean, SELECTION)[1]["by_set"] == {"val": 0, "graded": 0}
    assert not caplog.records


def test_further_files_are_compared_with(tmp_path, caplog):
    path = tmp_path / "benchmark.jsonl.gz"
    write_rows(path, [{"prompt": "Who?"}, {"prompt": "p", "responses": ["a"]}, pair("q").to_row()])
    clean = PreferenceData({"train": (pair("who"),), "val": (pair("else"),)})
    account = checked_for_leaks(clean, replace(SELECTION, leaks_against=[str(path)]))[1]
    assert account["by_set"] == {"val": 0, str(path): 1}
    assert account["sets"] == {"val": 1, str(path): 3}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("benchmark.csv", "prompt,topic,id\nWho?,people,1\nWhat?,things,\n"),
        ("benchmark.json", '[{"prompt": "Who?", "meta": 3}, {"prompt": "What?", "target": "A"}]'),
        ("benchmark.tsv", "topic\tprompt\tchosen\trejected\tmargin\npeople\tWho?\ta\tb\t\nthings\tWhat?\ta\tb\t2\n"),
    ],
)
def test_further_files_are_of_any_kind_and_may_have_other_columns(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert [record.prompt for record in read_records(tmp_path / name)] == ["Who?", "What?"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("benchmark.jsonl", '{"prompt": "a"}\n{"text": "b"}\n', "benchmark.jsonl:2: `prompt` is missing"),
        ("benchmark.jsonl", '{"prompt": "a"}\n{"prompt": 3}\n', "benchmark.jsonl:2: `prompt` must be a string"),
        ("benchmark.jsonl", '{"prompt": "a"}\nno\n', "benchmark.jsonl:2: not JSON"),
        ("benchmark.csv", "prompt\na\n\nb,c\n", "benchmark.csv:4: expected 1 fields as in the header, got 2"),
        ("benchmark.json", '[{"prompt": "a"}, 3]', "benchmark.json: row 2: expected a JSON object, got 3"),
        ("benchmark.txt", "a", "expected a file that ends in .jsonl"),
    ],
)
def test_a_bad_row_of_a_further_file_is_named(tmp_path, name, content, problem):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=rf"{re.escape(problem)}.*set data\.leaks_against\)$"):
        read_records(tmp_path / name)


def test_a_long_example_is_cut():
    train = (pair("word " * 200),)
    assert len(leak_sentence(find_leaks(train, {"val": train}, None), dropped=True)) < 250
