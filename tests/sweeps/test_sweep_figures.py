"""What a multirun of `train` leaves when its cells are done."""

import csv
import json
import shlex
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.sweeps.sweep_figures import Cell, Entry, matrix, transfer

pytestmark = pytest.mark.usefixtures("unrendered")

SMOKE = ["trainer=smoke", "logger=csv", "sweep_dir=sweep"]


def pairs_file(name: str, answer: str) -> list[str]:
    rows = [{"prompt": f"Question {i}?", "chosen": f"{answer} {i}", "rejected": f"no {i}"} for i in range(10)]
    Path(f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return [f"+data@tests.{name}=jsonl", f"tests.{name}.path={name}.jsonl"]


def test_a_sweep_over_data_sets_and_seeds_ends_in_a_transfer_matrix(here, capsys):
    tests = [*pairs_file("a", "yes"), *pairs_file("b", "maybe")]
    data = ["data=jsonl", "data.path=a.jsonl,b.jsonl", "data.name=a", "seed=0,1"]
    assert main(["train", "-m", *SMOKE, *data, *tests]) == 0
    with Path("sweep/evaluation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * (2 + 3)  # seeds; own validation pairs, which are one of the tests of the first path
    assert {row["data.path"] for row in rows} == {"a.jsonl", "b.jsonl"}
    assert {row["seed"] for row in rows} == {"0", "1"}
    assert "accuracy on held-out pairs" in capsys.readouterr().out


def test_two_files_of_one_name_are_columns_and_boards_of_their_own(here, capsys):
    for folder in ("a", "b"):
        Path(folder).mkdir()
        pairs_file(f"{folder}/pairs", folder)
    assert main(["train", "-m", *SMOKE, "data=jsonl", "data.path=a/pairs.jsonl,b/pairs.jsonl"]) == 0
    entries = json.loads(Path("sweep/transfer.json").read_text())
    assert [entry["test"] for entry in entries] == ["pairs, path=a/pairs.jsonl", "pairs, path=b/pairs.jsonl"]
    capsys.readouterr()
    assert main(["report", "sweep"]) == 0
    said = capsys.readouterr().out
    assert ", path=a/pairs.jsonl  1. these runs" in said
    assert ", path=b/pairs.jsonl  1. these runs" in said
    with Path("sweep/leaderboard.csv").open() as file:
        assert [(row["apart"], row["rank"]) for row in csv.DictReader(file)] == [
            ("path=a/pairs.jsonl", "1"),
            ("path=b/pairs.jsonl", "1"),
        ]
    page = Path("sweep/report.html").read_text()
    assert "no figures of the same pairs" not in page
    assert ", path=b/pairs.jsonl</h2>" in page


@pytest.mark.slow
def test_training_on_each_and_testing_on_each(here, capsys):
    Path("conf/data").mkdir(parents=True)
    for name in ("a", "b"):
        pairs_file(name, name)
        Path(f"conf/data/{name}.yaml").write_text(
            f"defaults:\n  - jsonl\n  - _self_\nname: {name}\npath: {name}.jsonl\n"
        )
    command = ["train", "--config-dir", "conf", "-m", *SMOKE, "data=a,b", "+data@tests.a=a", "+data@tests.b=b"]
    assert main([*command, "seed=0,1"]) == 0
    entries = json.loads(Path("sweep/transfer.json").read_text())
    assert {(entry["train"], entry["test"]) for entry in entries} == {("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")}
    assert all(entry["runs"] == 2 and 0 <= entry["accuracy"] <= 1 for entry in entries)
    cells = [json.loads(path.read_text())["evaluation"] for path in Path("sweep").glob("*data=a,*/summary.json")]
    on_b = [row["accuracy"] for rows in cells for row in rows if row["data"] == "b"]
    assert [[row["data"] for row in rows] for rows in cells] == [["a", "b"]] * 2  # its own test set but once
    (found,) = [entry for entry in entries if (entry["train"], entry["test"]) == ("a", "b")]
    assert found["accuracy"] == pytest.approx(sum(on_b) / 2)


@pytest.mark.slow
def test_a_sweep_over_sizes_of_the_training_split_is_a_learning_curve(here, capsys):
    pairs_file("a", "yes")
    sizes = ["data=jsonl", "data.path=a.jsonl", "data.train_pairs=2,4,8", "data.batch_pairs=2"]
    assert main(["train", "-m", *SMOKE, *sizes]) == 0
    summaries = [json.loads(path.read_text()) for path in Path("sweep").glob("*/summary.json")]
    assert sorted((summary["train_pairs"], summary["val_pairs"]) for summary in summaries) == [(2, 2), (4, 2), (8, 2)]
    shown = capsys.readouterr().out
    assert all(f"a data.train_pairs={size}" in shown for size in (2, 4, 8)), "a row of the matrix for each size"
    assert main(["report", "run_dir=sweep"]) == 0
    assert "against data.train_pairs" in Path("sweep/report.html").read_text()


def test_the_command_that_a_sweep_ends_with_can_be_typed(here, capsys):
    pairs_file("a", "yes")
    assert main(["train", "-m", "trainer=smoke", "logger=csv", "data=jsonl", "data.path=a.jsonl", "seed=0,1"]) == 0
    _, _, command = capsys.readouterr().out.strip().splitlines()[-1].partition("what each setting did: rmexp ")
    assert main(shlex.split(command)) == 0
    assert list(Path("runs/sweep").glob("*/report.html"))


def test_the_matrix_has_a_dash_where_nothing_was_tested():
    one = Entry("a", "a", 0.5, None, 0.1, 1, 40, 0.351, 0.649, few=True)
    header, rows = matrix([one, Entry("b", "c", 0.25, 0.01, -0.5, 2, 80)])
    assert header[1:] == ["a", "c"]
    assert rows == [["a", "50.0 % [35.1, 64.9] few of 40", "-"], ["b", "-", "25.0 % sd 1.0 of 80"]]


@pytest.mark.slow
def test_options_that_a_sweep_went_through_are_called_as_they_were_typed(here, capsys):
    data = ["data.pairs=40", "data.unseen_pairs=10", "data.label_noise=0,0.2"]
    assert main(["train", "-m", *SMOKE, *data, "optimizer=adamw,sgd"]) == 0
    trained = {entry["train"]: entry["runs"] for entry in json.loads(Path("sweep/transfer.json").read_text())}
    assert trained == {
        f"json_vs_text {noise}, optimizer={name}": 1
        for noise in ("data.label_noise=0", "data.label_noise=0.2")
        for name in ("adamw", "sgd")
    }
    capsys.readouterr()
    assert main(["report", "run_dir=sweep"]) == 0
    said = capsys.readouterr().out
    assert "optimizer=sgd" in said
    assert "_target_" not in said + Path("sweep/report.html").read_text().partition('id="made"')[0]


@pytest.mark.parametrize("seeds", [1, 2])
def test_what_a_run_has_no_figure_of_is_none_and_a_dash(seeds):
    """Pairs that are all ties have no accuracy, a policy's mean log-ratio is no log-odds: NaN is no JSON."""
    rows = (HeldOutRow("explicit", "ties", "val", n=6), HeldOutRow("implicit", "own", "val", n=8, accuracy=0.75))
    cells = [Cell(Path(f"seed={seed}"), {}, "own", rows) for seed in range(seeds)]
    ties, own = transfer(cells)
    assert (ties.accuracy, ties.sd, ties.usable_bits) == (None, None, None)
    assert (own.accuracy, own.sd, own.usable_bits) == (0.75, None if seeds == 1 else 0.0, None)
    assert matrix([ties, own])[1][0][1].startswith("-")
