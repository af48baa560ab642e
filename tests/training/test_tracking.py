import json
import os
import subprocess
import sys

import pytest
import wandb

from rmexp.training.tracking import finish_wandb, log_samples, wandb_logger


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    monkeypatch.delenv("WANDB_ERROR_REPORTING", raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    options = {"project": "rmexp", "entity": None, "group": None, "tags": ("a",), "job_type": "reward"}

    def build(mode):
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        return wandb_logger(mode=mode, folder=folder, sweep="lr-sweep", config={"lr": "${oc.env:LR}"}, **options)

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
    started = []
    monkeypatch.setattr("wandb.init", lambda **options: started.append(options))
    make("online")
    assert (started[0]["mode"], started[0]["settings"].init_timeout) == ("online", 20)


def read_back(folder):
    """Everything that an offline run holds, by the kind of record."""
    (file,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(file)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    records = [json.loads(line) for line in lines]
    return {
        kind: [record[kind] for record in records if record["type"] == kind] for kind in {r["type"] for r in records}
    }


def test_an_offline_run_holds_group_task_tags_configuration_curves_and_samples(make, tmp_path):
    logger = make("offline")
    logger.log_metrics({"train/loss": 0.5}, 0)
    log_samples([("id", "prompt", "<b>yes</b>", "no", -0.25)])
    assert os.environ["WANDB_ERROR_REPORTING"] == "false"
    finish_wandb()
    finish_wandb()  # none is open
    log_samples([])  # nowhere to show them
    records = read_back(tmp_path / "run")
    (run,) = records["run"]
    assert (run["run_group"], run["job_type"], run["tags"]) == ("lr-sweep", "reward", ["a"])
    assert run["config"]["update"]["lr"] == "${oc.env:LR}"
    assert run["run_id"] == (tmp_path / "run" / "wandb" / "run_id").read_text()
    assert records["history"][0]["item"]["train/loss"] == 0.5
    assert records["artifact"][0]["type"] == "run_table"


def test_a_server_that_does_not_answer_is_told_in_a_sentence(make, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)

    def unreachable(**options):
        raise wandb.errors.CommError("Run initialization has timed out\nafter 20.0 sec")

    monkeypatch.setattr("wandb.init", unreachable)
    with pytest.raises(
        ValueError, match=r"logger.mode=online: .* timed out after 20.0 sec\); logger.mode=offline keeps"
    ):
        make("online")
