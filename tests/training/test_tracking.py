import json
import os
from unittest.mock import MagicMock

import pytest
import wandb

from rmexp.training.tracked_run import TrackedRun
from rmexp.training.tracking import closed_wandb, log_figures, log_samples, wandb_logger


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    monkeypatch.delenv("WANDB_ERROR_REPORTING", raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    options = {"project": "rmexp", "entity": None, "group": None, "tags": ("a",)}

    def build(mode):
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        run = TrackedRun(folder, "seed=0", "reward", "lr-sweep", {"lr": "${oc.env:LR}"})
        return wandb_logger(mode=mode, run=run, **options)

    return build


def test_an_unknown_mode_is_refused(make):
    with pytest.raises(ValueError, match=r"logger.mode must be offline or online, got sometimes"):
        make("sometimes")


@pytest.mark.parametrize("netrc", [None, "machine example.org login user password x", "machine {{{"])
def test_online_without_a_key_is_refused_at_once(make, tmp_path, netrc):
    if netrc:
        (tmp_path / "netrc").write_text(netrc)
    with pytest.raises(ValueError, match=r"logger.mode=online needs a key in WANDB_API_KEY or in the netrc file"):
        make("online")


@pytest.mark.parametrize(
    ("environment", "netrc"),
    [
        ({"WANDB_API_KEY": "k"}, ""),
        ({}, "machine api.wandb.ai login user password k"),
        ({"WANDB_BASE_URL": "https://wandb.example.org/"}, "machine wandb.example.org login user password k"),
    ],
)
def test_online_with_a_key_starts(make, tmp_path, monkeypatch, environment, netrc):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "netrc").write_text(netrc)
    started = {}
    monkeypatch.setattr("wandb.init", lambda **options: started.update(options) or MagicMock())
    make("online")
    assert started["mode"] == "online"
    assert started["settings"].init_timeout < 20
    assert started["settings"].finish_timeout < 20


SAMPLE = ("json_vs_text", "unseen", "id", "prompt", "<b>yes</b>", "no", 1.0, 1.25, -0.25)
ROW = {"scorer": "explicit", "data": "json_vs_text", "split": "unseen", "slice": None, "accuracy": 0.75, "nll": None}


def test_an_offline_run_holds_group_task_tags_configuration_curves_samples_and_figures(make, offline_run, tmp_path):
    with closed_wandb():
        logger = make("offline")
        logger.log_metrics({"train/loss": 0.5}, 0)
        log_samples([SAMPLE])
        log_figures({"task": "reward", "steps": 3, "val": {"loss": 0.25}, "evaluation": [ROW]})
    assert os.environ["WANDB_ERROR_REPORTING"] == "false"
    log_samples([])  # nowhere to show them
    records = offline_run(tmp_path / "run")
    (run,) = records["run"]
    assert (run["run_group"], run["display_name"], run["job_type"]) == ("lr-sweep", "seed=0", "reward")
    assert run["tags"] == ["a"]
    assert run["config"]["update"]["lr"] == "${oc.env:LR}"
    assert run["run_id"] == (tmp_path / "run" / "wandb" / "run_id").read_text()
    assert records["history"][0]["item"]["train/loss"] == 0.5
    assert records["artifact"][0]["type"] == "run_table"
    (table,) = tmp_path.glob("run/wandb/offline-run-*/files/media/table/*.json")
    assert json.loads(table.read_text())["data"] == [list(SAMPLE)]
    final = {key: value for row in records["summary"] for key, value in row["update"].items() if "final/" in key}
    assert final == {"final/steps": 3, "final/val/loss": 0.25, "final/json_vs_text-unseen/accuracy": 0.75}
    assert records["exit"][0]["exit_code"] == 0


@pytest.mark.parametrize(("error", "code"), [(ValueError, 1), (KeyboardInterrupt, 255)])
def test_a_run_that_did_not_finish_is_closed_as_failed_or_killed(make, offline_run, tmp_path, error, code):
    def stop():
        with closed_wandb():
            make("offline")
            raise error

    with pytest.raises(error):
        stop()
    assert wandb.run is None
    assert offline_run(tmp_path / "run")["exit"][0]["exit_code"] == code


def test_a_server_that_does_not_answer_is_told_in_a_sentence(make, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)

    def unreachable(**options):
        raise wandb.errors.CommError("Run initialization has timed out\nafter 20.0 sec")

    monkeypatch.setattr("wandb.init", unreachable)
    with pytest.raises(
        ValueError, match=r"logger.mode=online: .* timed out after 20.0 sec\); logger.mode=offline keeps"
    ):
        make("online")
