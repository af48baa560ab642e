"""Runs that are killed at any moment reach a tracker whole, every step once."""

import os
import random
import subprocess
import sys
import time

import pytest
from tests.tracking.conftest import folder, server  # noqa: F401  # fixtures

from rmexp.cli import main
from rmexp.tracking.metrics_csv import read_metrics

TRAIN = ["data.pairs=60", "data.unseen_pairs=10", "data.batch_pairs=4", "trainer.max_epochs=12", "trainer.threads=1"]
TRAIN += ["model.hidden_size=16", "callbacks.saving.every_seconds=0.5", "data.cache_dir=null"]


def test_a_run_folder_is_sent_as_it_is(server, folder, capsys):  # noqa: F811
    (folder / "config.yaml").write_text("task: reward\noptimizer:\n  lr: ${rate}\nrate: 0.1\n")
    (folder / "summary.json").unlink()
    for _ in range(2):
        assert main(["track", f"path={folder}", "logger.mode=online"]) == 0
    assert "wandb: so far, it has not finished" in capsys.readouterr().out
    (run_id,) = server.runs
    assert server.steps(run_id) == list(range(1, 11))
    assert server.config(run_id)["optimizer"] == {"lr": 0.1}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["path=nowhere"], "nowhere: expected a run folder or a folder of runs, but there is none (set path)"),
        (["path=.", "logger=csv"], "no tracker is named (set logger=wandb, logger=tensorboard or logger=mlflow)"),
        (["path=."], ".: expected a run folder or a folder of runs, found none in it (set path)"),
    ],
)
def test_mistakes_are_one_sentence(here, capsys, arguments, said):
    assert main(["track", *arguments]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["offline", "online"])
def test_killed_ten_times_it_arrives_with_every_step_once(server, tmp_path, mode):  # noqa: F811
    chance, place = random.Random(0), tmp_path / "run"
    command = [sys.executable, "-m", "rmexp", "train", *TRAIN, "logger=[wandb,tensorboard]", f"logger.mode={mode}"]
    command += [f"run_dir={place}"]
    own = {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"}  # not that of this process
    for _ in range(10):
        process = subprocess.Popen(command, cwd=tmp_path, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        known = steps_of(place)
        while process.poll() is None and steps_of(place) <= known:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.4))
        process.kill()
        process.wait()
    done = steps_of(place)
    assert done > 10
    assert main(["track", f"path={place}", "logger.mode=online"]) == 0
    run_id = (place / "wandb" / "run_id").read_text()
    assert server.steps(run_id) == list(range(1, done + 1))
    assert subprocess.run(command, cwd=tmp_path, env=own, check=False, capture_output=True).returncode == 0
    assert main(["track", f"path={place}", "logger.mode=online"]) == 0
    assert server.steps(run_id) == list(range(1, steps_of(place) + 1))
    assert event_steps(place) == list(range(1, steps_of(place) + 1))  # of one file, killed or not
    if mode == "offline":
        assert len(list(place.glob("wandb/offline-run-*"))) == 0


def steps_of(place):
    path = place / "metrics.csv"
    return max((int(row["step"]) for row in read_metrics(path) if row["train/loss"]), default=0) if path.exists() else 0


def event_steps(place):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    (file,) = (place / "tensorboard").glob("events.out.tfevents.*")
    found = accumulator.EventAccumulator(str(file))
    found.Reload()
    return [event.step for event in found.Scalars("train/loss")]
