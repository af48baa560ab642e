"""Run folders of earlier versions, as `tests/programs/freeze.py` keeps them: found, gone on with, and read."""

import csv
import json
import shutil
from pathlib import Path
from statistics import fmean

import pytest
from omegaconf import open_dict

from rmexp.cli import main
from rmexp.config.compose import compose
from rmexp.config.folders import run_folder
from rmexp.config.identity import moved
from rmexp.config.identity.run_settings import run_settings
from rmexp.config.identity.saved import differences, run_config
from rmexp.tracking.metrics_csv import read_metrics

ARCHIVES = sorted((Path(__file__).parents[1] / "fixtures").glob("runs_*.tar.xz"))
MADE_AGAIN = (".lock", "cell.json", "evaluation.csv", "transfer.json")  # by each command, of what it found


class Frozen:
    """An unpacked archive, which is the current folder."""

    def __init__(self, archive):
        shutil.unpack_archive(archive)
        self.made = json.loads(Path("commands.json").read_text())

    def command(self, name):
        """It was made before there was trainer.keep: the last weights were kept."""
        verb, *rest = self.made[name]["command"]
        place = [f"sweep_dir='{self.folder(name)}'"] if "-m" in rest else []  # named by what the command line says
        return [verb, *rest, *([] if verb == "evaluate" else ["trainer.keep=last"]), *place]

    def folder(self, name):
        return Path(self.made[name]["folder"])

    def summary(self, name):
        return json.loads((self.folder(name) / "summary.json").read_text())


@pytest.fixture(params=ARCHIVES, ids=lambda archive: archive.name.partition(".")[0])
def frozen(request, here):
    return Frozen(request.param)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name not in MADE_AGAIN}


def without_times(rows):
    return [{name: text for name, text in row.items() if not name.startswith("seconds")} for row in rows]


def number(text):
    return float(text or "nan")


@pytest.mark.parametrize("name", ["reward", "dpo", "ppo", "evaluate", "compare", "sweep"])
def test_a_finished_run_is_found_and_nothing_is_made_anew(frozen, name, capsys):
    before = contents(Path("runs"))
    assert main(frozen.command(name)) == 0
    assert contents(Path("runs")) == before
    out = capsys.readouterr().out
    assert str(frozen.folder(name)) in out
    assert out.count("(finished before)") == {"evaluate": 0, "compare": 0, "sweep": 4}.get(name, 1)


@pytest.mark.parametrize("name", ["interrupted_reward", pytest.param("interrupted_ppo", marks=pytest.mark.slow)])
def test_an_interrupted_run_goes_on_from_its_checkpoint(frozen, name, capsys):
    metrics, others = frozen.folder(name) / "metrics.csv", contents(Path("runs")).keys()
    before = without_times(read_metrics(metrics))
    assert main(frozen.command(name)) == 0
    rows = without_times(read_metrics(metrics))
    assert len(rows) > len(before) > 0
    for row, expected in zip(rows, before, strict=False):  # there may be later columns, and rounding has changed
        assert [number(row[name]) for name in expected] == pytest.approx(
            [number(text) for text in expected.values()], rel=1e-3, abs=1e-6, nan_ok=True
        )
    (asked,) = [int(text.partition("=")[2]) for text in frozen.command(name) if "max_epochs" in text or "iter" in text]
    summary = frozen.summary(name)
    assert summary["status"] == "finished"
    assert summary["iterations" if summary["task"] == "ppo" else "epochs"] == asked
    assert {path.parts[:3] for path in contents(Path("runs"))} == {path.parts[:3] for path in others}


def test_the_leaderboard_of_a_sweep_has_the_figures_of_its_cells(frozen, capsys):
    sweep = frozen.folder("sweep")
    assert main(["report", f"run_dir='{sweep}'"]) == 0
    expected = {
        lr: fmean(
            row["accuracy"]
            for seed in (0, 1)
            for row in json.loads((sweep / f"optimizer.lr={lr},seed={seed}" / "summary.json").read_text())["evaluation"]
            if row["split"] == "val"
        )
        for lr in ("0.001", "0.1")
    }
    with (sweep / "leaderboard.csv").open(newline="") as file:
        found = {row["optimizer.lr"]: float(row["accuracy"]) for row in csv.DictReader(file)}
    assert found == pytest.approx(expected)
    assert "4 runs" in capsys.readouterr().out


def test_runs_of_all_verbs_are_read_together(frozen, capsys):
    assert main(["report", "run_dir=page", "runs=[runs]"]) == 0
    assert "9 runs, and 2 that failed or did not finish" in capsys.readouterr().out
    with Path("page/leaderboard.csv").open(newline="") as file:
        folders = {folder for row in csv.DictReader(file) for folder in row["folders"].split()}
    assert {str(frozen.folder(name)) for name in ("reward", "dpo", "ppo", "compare")} <= folders


@pytest.mark.parametrize("name", ["reward", "ppo"])
def test_a_single_run_has_its_page(frozen, name):
    assert main(["report", f"run_dir={frozen.folder(name)}"]) == 0
    assert "<svg" in (frozen.folder(name) / "report.html").read_text()


def test_a_target_that_moves_and_a_key_that_comes_later_leave_a_run_the_same(frozen, monkeypatch):
    folder, config = frozen.folder("reward"), compose("train", frozen.command("reward")[1:])
    target = config.loss._target_
    saved, settings = (folder / "config.yaml").read_text(), run_settings(folder)
    with open_dict(config):
        config.loss._target_ = "rmexp.losses.elsewhere.loss"
        config.trainer.later = "as before"
    assert run_folder("train", config, run_config(config)) != folder
    assert len(differences(saved, config)) == 2
    monkeypatch.setattr(moved, "MOVED", {**moved.MOVED, target: config.loss._target_})
    monkeypatch.setattr(moved, "LATER", {**moved.LATER, "trainer.later": "as before"})
    assert run_folder("train", config, run_config(config)) == folder
    assert differences(saved, config) == []
    assert run_settings(folder) == settings | {"loss._target_": config.loss._target_}
