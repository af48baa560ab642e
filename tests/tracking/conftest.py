import csv

import pytest
from tests.tracking.wandb_server import KEY, WandbServer
from wandb.sdk.lib.wbauth import unauthenticate_session

from rmexp.tracking.tracked_run import TrackedRun


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server of Weights & Biases, and an environment in which it is the one."""
    for name in ("WANDB_MODE", "WANDB_RUN_ID", "WANDB_PROJECT", "WANDB_NAME", "WANDB_TAGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    unauthenticate_session(update_settings=False)
    made = WandbServer()
    monkeypatch.setenv("WANDB_BASE_URL", made.url)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    yield made
    made.stop()


@pytest.fixture
def folder(tmp_path):
    """A run folder with the curves of ten steps."""
    path = tmp_path / "run"
    path.mkdir()
    write_metrics(path, 10)
    (path / "summary.json").write_text("{}")
    return path


def write_metrics(folder, steps):
    columns = ("step", "epoch", "seconds", "lr", "train/loss", "train/accuracy", "val/loss", "val/accuracy")
    with (folder / "metrics.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for step in range(1, steps + 1):
            writer.writerow({"step": step, "epoch": step / 10, "seconds": step, "lr": 0.1, "train/loss": 1 / step})
            if step % 5 == 0:
                writer.writerow({"step": step, "epoch": step / 10, "seconds": step, "val/loss": 2 / step})


def tracked_run(folder, **more):
    return TrackedRun(folder, "seed=0", "reward", "lr-sweep", {"optimizer": {"lr": 0.1}, "data": {"pairs": 3}}, **more)
