"""A user's mistake is one sentence, exit code 1, and nothing that a next run would take for finished."""

import json
from pathlib import Path

import pytest

from rmexp.cli import main

GOOD = '{"prompt": "a", "chosen": "b", "rejected": "c"}'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not json", "pairs.jsonl:2: not JSON"),
        ("[1]", "pairs.jsonl:2: expected a JSON object, got a list"),
        ('{"prompt": "a", "rejected": "c"}', "pairs.jsonl:2: `chosen` is missing"),
        (
            '{"prompt": "a", "chosen": true, "rejected": "c"}',
            "`chosen` must be a non-empty string, got true",
        ),
        ('{"prompt": "a", "chosen": null, "rejected": "c"}', "`chosen` must be a non-empty string, got null"),
        ('{"prompt": "a", "chosen": 12, "rejected": "c"}', "`chosen` must be a non-empty string, got 12"),
        ('{"prompt": "a", "chosen": {"text": "b"}, "rejected": "c"}', "must be a non-empty string, got an object"),
        ('{"prompt": null, "chosen": "b", "rejected": "c"}', "`prompt` must be a string or a list of messages, got"),
        ('{"prompt": "a", "chosen": "\\ud800", "rejected": "c"}', "expected text, got half a surrogate pair"),
        ('{"prompt": "a", "chosen": "b", "rejected": "c", "margin": NaN}', "`margin` must be a finite number, got NaN"),
        (
            '{"prompt": "a", "chosen": "", "rejected": "c"}',
            '`chosen` must be a non-empty string, got ""',
        ),
        ('{"prompt": "a", "chosen": "c", "rejected": "c"}', "pairs.jsonl:2: `chosen` and `rejected` must differ"),
        ('{"prompt": "a", "chosen": "b", "rejected": "c", "target": 2}', "pairs.jsonl:2: `target` must be in [0, 1]"),
    ],
)
def test_bad_rows_name_file_and_line(here, capsys, line, message):
    Path("pairs.jsonl").write_text(f"{GOOD}\n{line}\n")
    assert main(["train", "data=jsonl", "data.path=pairs.jsonl", "logger=csv", "run_dir=run"]) == 1
    *before, error = capsys.readouterr().err.splitlines()
    assert before[-1] == "reading: pairs.jsonl"
    assert message in error
    assert error.startswith("rmexp: pairs.jsonl:2: ")
    assert not Path("run").exists()


def test_an_id_of_two_pairs_names_both_lines(here, capsys):
    Path("pairs.jsonl").write_text("".join(f'{{"id": "x", {GOOD[1:]}\n'.replace('"a"', f'"{i}"') for i in range(2)))
    assert main(["train", "data=jsonl", "data.path=pairs.jsonl", "logger=csv"]) == 1
    said = "rmexp: pairs.jsonl:2: `id` x is that of another pair already (pairs.jsonl:1)"
    assert capsys.readouterr().err.splitlines()[-1].startswith(said)


def test_a_list_in_a_file_of_lines_is_told_what_it_is(here, capsys):
    for content in (f"[{GOOD}]", f"[\n {GOOD}\n]"):
        Path("pairs.jsonl").write_text(content)
        assert main(["train", "data=jsonl", "data.path=pairs.jsonl", "logger=csv"]) == 1
        assert "pairs.jsonl:1: " in (error := capsys.readouterr().err)
        assert "a JSON list, which data=json reads from a file that ends in .json" in error


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "the file has no rows"), (GOOD, "expected at least 2"), (None, "does not exist (set data.path)")],
)
def test_bad_files(here, capsys, content, message):
    if content is not None:
        Path("pairs.jsonl").write_text(content)
    assert main(["train", "data=jsonl", "data.path=pairs.jsonl", "logger=csv"]) == 1
    assert message in capsys.readouterr().err


def test_skipped_rows_are_counted(here):
    rows = [{"prompt": f"Q{i}", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(10)]
    Path("pairs.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\nnot json\n{}\n")
    options = ["data=jsonl", "data.path=pairs.jsonl", "data.on_bad_row=skip", "logger=csv", "trainer=smoke"]
    assert main(["train", *options, "run_dir=run"]) == 0
    assert json.loads(Path("run/summary.json").read_text())["bad_rows"] == 2


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=hub", "model.path=empty"], "empty is no model folder: it has no config.json"),
        (["model=hub", "model.path=some-organisation/some-model"], "the hub cannot be reached"),
        (["model=hub", "model.path=./nowhere"], "there is no such folder (set model.path)"),
        (["task=dpo", "loss.beta=-0.1"], "loss.beta takes a number > 0, got -0.1"),
        (
            ["run_dir=/dev/null/run"],
            "expected a folder to write to, but /dev/null is a file (set run_dir)",
        ),
        (["data.group=meta.nothing", "data=jsonl", "data.path=pairs.jsonl"], "has no field meta.nothing"),
        (["data.max_tokens=4096"], "data.max_tokens must be at most the 2048 positions of the model, got 4096"),
        (["data.batch_pairs=0"], "data.batch_pairs takes a whole number of at least 1, got 0"),
        (["model.hidden_size=63"], "set model.hidden_size or model.heads"),
        (["trainer.threads=0"], "trainer.threads takes a whole number of at least 1 or null, got 0"),
        (["model.reference=empty"], "empty is no model folder: it has no config.json (set model.reference)"),
    ],
)
def test_bad_values(here, capsys, overrides, message):
    Path("empty").mkdir()
    Path("pairs.jsonl").write_text("\n".join(GOOD.replace('"a"', f'"{i}"') for i in range(4)))
    assert main(["train", "logger=csv", *overrides]) == 1
    error = capsys.readouterr().err.splitlines()
    assert message in error[-1]
    assert not any("Traceback" in line for line in error)
    assert not list(Path().glob("runs/**/summary.json"))


def test_compare_refuses_a_bad_beta_before_it_trains(here, capsys):
    assert main(["compare", "dpo.loss.beta=-0.1", "logger=csv", "run_dir=run"]) == 1
    assert "dpo.loss.beta takes a number > 0" in capsys.readouterr().err
    assert not Path("run/sft").exists()
