"""Run folders of single stages: when they are reused, refused, gone on with or moved aside."""

import contextlib
import fcntl
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.tracking.metrics_csv import read_metrics

FEW = ["data.pairs=40", "data.unseen_pairs=10"]
SMOKE = ["trainer=smoke", "logger=csv", "run_dir=run"]


def pairs_file(path: str, answer: str = "yes") -> list[str]:
    rows = [{"prompt": f"Question {i}?", "chosen": f"{answer} {i}", "rejected": f"no {i}"} for i in range(20)]
    Path(path).write_text("\n".join(json.dumps(row) for row in rows))
    return ["data=jsonl", f"data.path={path}"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder in which a run has finished."""
    folder = tmp_path_factory.mktemp("trained")
    with contextlib.chdir(folder):
        assert main(["train", *FEW, *SMOKE]) == 0
    return folder


@pytest.fixture
def finished(trained, here):
    """A copy of it, which is the current folder."""
    shutil.copytree(trained, here, dirs_exist_ok=True)


@pytest.mark.usefixtures("finished")
def test_finished_run_is_shown_again(capsys):
    before = Path("run/model/model.safetensors").stat().st_mtime_ns
    assert main(["train", *FEW, *SMOKE]) == 0
    assert Path("run/model/model.safetensors").stat().st_mtime_ns == before
    assert "finished before" in capsys.readouterr().out


@pytest.mark.usefixtures("finished")
def test_folder_of_another_configuration_is_refused(capsys):
    assert main(["train", *FEW, *SMOKE, "optimizer.lr=0.5"]) == 1
    error = capsys.readouterr().err
    assert "another configuration" in error
    assert "optimizer.lr" in error


def test_changed_data_moves_the_old_run_aside(here):
    options = pairs_file("pairs.jsonl")
    assert main(["train", *options, *SMOKE]) == 0
    pairs_file("pairs.jsonl", answer="certainly")
    assert main(["train", *options, *SMOKE]) == 0
    summaries = [json.loads(Path(name, "summary.json").read_text()) for name in ("run", "run-outdated-1")]
    assert summaries[0]["inputs"]["data"] != summaries[1]["inputs"]["data"]


def test_folder_in_use_is_refused_with_its_owner(here, capsys):
    Path("run").mkdir()
    with Path("run/.lock").open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(["train", *FEW, *SMOKE]) == 1
    assert "process 4711" in capsys.readouterr().err


def test_failed_run_says_why_and_is_not_taken_for_finished(here, capsys):
    assert main(["train", *FEW, *SMOKE, "model.hidden_size=63"]) == 1
    assert "the width must be a multiple" in json.loads(Path("run/failure.json").read_text())["error"]
    assert not Path("run/summary.json").exists()
    assert not Path("run/model").exists()
    assert "Traceback" not in capsys.readouterr().err
    assert main(["train", *FEW, *SMOKE, "model.hidden_size=32"]) == 0  # no step was made: nobody is in the way
    assert not Path("run/failure.json").exists()


def test_interrupted_run_goes_on_with_the_same_command(here, interrupted_at, capsys):
    command = ["train", *FEW, "data.batch_pairs=4", "trainer.max_epochs=2", "logger=csv", "run_dir=run"]
    with interrupted_at(5):
        assert main(command) == 130
    assert "go on with: rmexp train data.pairs=40" in capsys.readouterr().err
    assert not Path("run/summary.json").exists()
    assert main(command) == 0
    steps = [int(row["step"]) for row in read_metrics(Path("run/metrics.csv")) if row["train/loss"]]
    assert steps == list(range(1, 17))


@pytest.mark.slow
def test_an_interrupted_process_goes_on_with_the_same_command(tmp_path):
    command = [sys.executable, "-m", "rmexp", "train", "logger=csv", "data.unseen_pairs=10"]
    command += ["trainer.max_epochs=2", "run_dir=run"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "run" / "metrics.csv"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and not (metrics.exists() and len(metrics.read_text().splitlines()) > 10):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    *_, why, how = error.splitlines()
    assert re.fullmatch(r"rmexp: SIGINT after step \d+ of 50; run keeps checkpoints/last.ckpt", why)
    assert how == f"go on with: {shlex.join(['rmexp', *command[3:]])}"
    assert not (tmp_path / "run" / "summary.json").exists()
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stderr
    steps = [int(row["step"]) for row in read_metrics(metrics) if row["train/loss"]]
    assert steps == list(range(1, 51))


@pytest.mark.usefixtures("finished")
def test_a_run_killed_after_its_last_step_keeps_its_figures():
    before = json.loads(Path("run/summary.json").read_text())
    Path("run/summary.json").unlink()
    assert main(["train", *FEW, *SMOKE]) == 0
    after = json.loads(Path("run/summary.json").read_text())
    for key in ("steps", "epochs", "train", "val", "model"):
        assert after[key] == before[key]


@pytest.mark.usefixtures("finished")
def test_scoring_again_after_the_model_changed_scores_anew():
    score = ["score", "data=json_vs_text", *FEW, "scorer=explicit", "scorer.path=run/model", "run_dir=scores"]
    assert main(score) == 0
    before = Path("scores/scored/val.jsonl").read_text()
    shutil.rmtree("run")
    assert main(["train", "seed=1", *FEW, *SMOKE]) == 0
    assert main(score) == 0
    assert Path("scores/scored/val.jsonl").read_text() != before
    assert Path("scores-outdated-1").is_dir()
