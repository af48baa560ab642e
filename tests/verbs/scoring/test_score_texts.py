import io
import json
import os
import sys
import threading
from types import SimpleNamespace

import pytest

from rmexp.cli import main
from rmexp.scoring.text_scorer import load
from rmexp.verbs.score_texts import arriving

LONGER = ["score", "scorer=baseline", "scorer.kind=longer"]


@pytest.fixture
def given(monkeypatch):
    """Standard input with some lines."""

    def give(*lines):
        content = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines).encode()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))

    return give


@pytest.mark.parametrize(
    "text",
    ["plain", "a, b: [c] {d} = (e)?", 'says "yes"', "it's", "${seed}", "C:\\dir\\", '\\"', "null", "3", "ü 日本"],
)
def test_a_text_is_taken_as_it_is(here, text, capsys):
    assert main([*LONGER, f"prompt={text}", f"response={text}"]) == 0
    assert capsys.readouterr().out.split()[-2] == str(len(text))  # characters
    assert not list(here.iterdir())


def test_one_text_has_the_score_of_the_library(here, reward_folder, capsys):
    command = ["score", f"scorer.path={reward_folder}", "threads=1", "data.max_tokens=128"]
    assert main([*command, "prompt=How long, really?", "response=It is long."]) == 0
    ((expected),) = load(reward_folder, threads=1).score([("How long, really?", "It is long.")])
    assert float(capsys.readouterr().out.split()[3]) == pytest.approx(expected, rel=1e-5)


def test_each_line_is_answered_by_a_row(here, given, capsys):
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "four"}]
    rows = ({"id": "x", "prompt": "a", "response": "four"}, "", {"prompt": "a", "chosen": "four", "rejected": "no"})
    given(*rows, {"messages": turns, "id": 7})
    assert main([*LONGER, "input=-"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["scores"] for row in answers] == [[4.0], [4.0, 2.0], [4.0]]
    assert [answers[0]["id"], answers[2]["id"]] == ["x", "7"]
    assert not list(here.iterdir())


BAD = {"{": "not JSON", '{"prompt": "a"}': "expected an object of"}


@pytest.mark.parametrize(("line", "problem"), BAD.items())
def test_a_line_that_is_none_has_an_error_in_its_place_and_the_others_are_scored(here, given, line, problem, capsys):
    given({"prompt": "a", "response": "four"}, line, {"prompt": "a", "response": "no"})
    assert main([*LONGER, "input=-"]) == 1
    found = capsys.readouterr()
    answers = [json.loads(row) for row in found.out.splitlines()]
    assert [answer.get("scores") for answer in answers] == [[4.0], None, [2.0]]
    assert answers[1]["error"].startswith(f"standard input:2: {problem}")
    assert f"1 of 3 lines have an `error` in the place of scores, such as standard input:2: {problem}" in found.err


def test_a_line_that_the_scorer_refuses_does_not_end_the_others(here, given, reward_folder, capsys):
    long, short = ({"prompt": "a", "response": text} for text in ("four " * 900, "no"))
    given(short, long, short)
    command = ["score", f"scorer.path={reward_folder}", "data.truncation=error", "data.max_tokens=32", "input=-"]
    assert main(command) == 1
    answers = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert ["scores" in answer for answer in answers] == [True, False, True]
    assert answers[1]["error"].startswith("standard input:2: 1 of 1 sequences have more than 32 tokens")
    assert "set data.max_tokens" in answers[1]["error"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["prompt=a"], "set response"),
        (["input=file.jsonl"], "input must be -, standard input, got file.jsonl"),
        (["input=-", "response=a"], "leave out prompt and response"),
    ],
)
def test_keys_that_do_not_go_together(here, options, problem, capsys):
    assert main([*LONGER, *options]) == 1
    assert problem in capsys.readouterr().err


def test_a_line_is_answered_before_the_next_is_written():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as pipe:
        blocks = arriving(stream, 4)
        pipe.write(b"one\n")
        assert next(blocks) == [(1, b"one\n")]
        threading.Timer(0.05, lambda: (pipe.write(b"two\n"), pipe.close())).start()
        assert list(blocks) == [[(2, b"two\n")]]
