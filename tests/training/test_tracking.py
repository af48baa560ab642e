import os

import pytest

from rmexp.training.tracking import finish_wandb, wandb_logger


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    monkeypatch.delenv("WANDB_ERROR_REPORTING", raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    options = {"project": "rmexp", "entity": None, "group": "pair", "tags": ("a",), "job_type": "reward"}

    def build(mode):
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        return wandb_logger(mode=mode, folder=folder, config={"seed": 0}, **options)

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


def test_an_offline_run_is_written_and_closed(make, tmp_path):
    logger = make("offline")
    logger.log_metrics({"train/loss": 0.5}, 0)
    assert os.environ["WANDB_ERROR_REPORTING"] == "false"
    finish_wandb()
    finish_wandb()  # none is open
    (folder,) = (tmp_path / "run" / "wandb").glob("offline-run-*")
    (file,) = folder.glob("run-*.wandb")
    content = file.read_bytes()
    assert b"train/loss" in content
    assert b"reward" in content
