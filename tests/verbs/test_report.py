"""Reports of real runs: one, a sweep, several folders together."""

import csv
import re
import shutil
from pathlib import Path

import pytest

from rmexp.cli import main

TRAIN = ["train", "trainer=smoke", "logger=csv", "data.pairs=40", "data.unseen_pairs=20"]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "sweep"
    cells = ["optimizer.lr=1e-4,1e-3,1e30", "seed=0,1", f"sweep_dir={folder}"]
    assert main([TRAIN[0], "-m", *TRAIN[1:], *cells]) == 1
    return folder


def test_a_run(sweep, capsys):
    cell = sweep / "optimizer.lr=0.001,seed=1"
    assert main(["report", f"run_dir='{cell}'"]) == 0
    page = (cell / "report.html").read_text()
    for text in (
        "Loss per step",
        "json_vs_text unseen",
        '<th scope="row">optimizer.lr</th>',
        '<th scope="row">data.pairs</th>',
    ):
        assert text in page
    for key in ("model.layers", "data.name"):
        assert f">{key}</th>" not in page  # is as it is by default
    settings = page[page.index('id="settings"') : page.index('id="made"')]
    assert re.search(r'>optimizer.lr</th><td class="wrap">0.001</td><td class="wrap">[\d.]+</td>', settings)
    assert not re.search(r"\$\{|\?\?\?", settings), "values, not their names"
    assert len(page) < 300_000


def test_a_run_that_failed(sweep):
    cell = sweep / "optimizer.lr=1e+30,seed=0"
    assert main(["report", f"run_dir='{cell}'"]) == 0
    page = (cell / "report.html").read_text()
    assert "It failed after step " in page
    assert "set a lower optimizer.lr" in page


def test_a_sweep(sweep, capsys):
    assert main(["report", f"run_dir={sweep}"]) == 0
    assert "4 runs, and 2 that failed" in capsys.readouterr().out
    with (sweep / "leaderboard.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["optimizer.lr"] for row in rows] == ["0.001", "0.0001"]
    assert rows[0]["lead"]
    assert rows[0]["method"].startswith("other seeds and other prompts at once")
    assert rows[0]["p"] == ""  # fewer than ten prompts tell the two apart
    assert "step 2: the loss is" in (sweep / "report.html").read_text()


def test_what_runs_of_several_folders_have_of_their_options_is_told_as_a_number(sweep, tmp_path):
    of_no_matter = ["callbacks.saving.every_seconds=7", "data.max_tokens=512"]  # which is what the others have unsaid
    assert main([*TRAIN, "seed=1", *of_no_matter, f"run_dir={tmp_path / 'default'}"]) == 0
    board = tmp_path / "board"
    assert main(["report", f"run_dir={board}", f"runs=[{sweep},{tmp_path / 'default'}]"]) == 0
    with (board / "leaderboard.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["optimizer.lr"] for row in rows} == {"0.0005", "0.001", "0.0001"}
    assert not {"callbacks.saving.every_seconds", "data.max_tokens"} & rows[0].keys()


def test_runs_of_several_folders_together(sweep, tmp_path):
    shutil.copytree(sweep / "optimizer.lr=0.001,seed=1", tmp_path / "other")
    board = tmp_path / "board"
    assert main(["report", f"run_dir={board}", f"runs=[{sweep},{tmp_path / 'other'}]"]) == 0
    assert "optimizer.lr=0.001" in (board / "leaderboard.md").read_text()


def test_a_comparison_goes_into_a_leaderboard_by_both_rewards(comparison, tmp_path):
    assert main(["report", f"run_dir={tmp_path / 'board'}", f"runs=[{comparison.path}]"]) == 0
    assert "scorer=implicit" in (tmp_path / "board" / "leaderboard.md").read_text()
    assert main(["report", f"run_dir={comparison.path}"]) == 1


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_no_runs_is_a_sentence(here, capsys, folder):
    Path("empty").mkdir()
    assert main(["report", f"run_dir={folder}"]) == 1
    assert "(set run_dir" in capsys.readouterr().err
