"""Cells in processes that are forked off; those of quick tests use no torch, which has run in this process already."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.sweeps.forked import ForkedLauncher

PROFILE = ["profile", "-m", "logger=csv", "data.pairs=40", "data.unseen_pairs=20", "sweep_dir=sweep"]
FORKED = ["hydra/launcher=forked", "hydra.launcher.n_jobs=2"]

pytestmark = pytest.mark.usefixtures("unrendered")


def test_cells_are_run_in_other_processes_and_give_what_they_give_here(here, monkeypatch):
    import rmexp.verbs.profile as profile

    run, ran = profile._profile, Path("ran")
    ran.mkdir()

    def noted(config, data, folder):
        (ran / f"{folder.path.parent.name}-{config.data.seed}").write_text(str(os.getpid()))
        return run(config, data, folder)

    monkeypatch.setattr(profile, "_profile", noted)
    assert main([*PROFILE, *FORKED, "data.seed=0,1,2"]) == 0
    assert main([*PROFILE[:-1], "sweep_dir=plain", "data.seed=0,1,2"]) == 0
    for seed in range(3):
        found, expected = (Path(f"{sweep}/data.seed={seed}/profile.json").read_bytes() for sweep in ("sweep", "plain"))
        assert found == expected
        assert (ran / f"sweep-{seed}").read_text() != str(os.getpid())
        assert (ran / f"plain-{seed}").read_text() == str(os.getpid())


def test_a_cell_that_fails_stops_no_other(here, capsys, monkeypatch):
    import rmexp.verbs.profile as profile

    run = profile._profile

    def refused(config, data, folder):
        if config.data.seed == 0:
            raise ValueError("not this one")
        return run(config, data, folder)

    monkeypatch.setattr(profile, "_profile", refused)
    assert main([*PROFILE, *FORKED, "data.seed=0,1"]) == 1
    lines = [line.split()[:2] for line in capsys.readouterr().out.splitlines() if line.startswith("data.seed=")]
    assert lines[:2] == [["data.seed=0", "failed"], ["data.seed=1", "finished"]]
    assert "not this one" in Path("sweep/data.seed=0/failure.json").read_text()


@pytest.mark.slow
def test_a_cell_that_is_killed_is_told_and_gone_on_with(here, capsys, monkeypatch):
    import rmexp.verbs.profile as profile

    own, run = os.getpid(), profile._profile

    def killed(config, data, folder):
        if os.getpid() != own and config.data.seed == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return run(config, data, folder)

    with monkeypatch.context() as patch:
        patch.setattr(profile, "_profile", killed)
        assert main([*PROFILE, "hydra/launcher=forked", "hydra.launcher.n_jobs=1", "data.seed=0,1"]) == 1
    told = capsys.readouterr()
    assert "the launcher gave up" in told.err
    assert "data.seed=1: not finished; the same command goes on with it" in told.out
    assert main([*PROFILE, *FORKED, "data.seed=0,1"]) == 0


@pytest.mark.parametrize(
    "launcher", [[], ["hydra/launcher=forked", "hydra.launcher.n_jobs=1"]], ids=["basic", "forked"]
)
def test_an_interrupted_cell_is_the_last_and_what_is_finished_is_counted(here, capsys, monkeypatch, launcher):
    import rmexp.verbs.profile as profile

    run = profile._profile

    def interrupted(config, data, folder):
        if config.data.seed == 1:
            raise KeyboardInterrupt
        return run(config, data, folder)

    monkeypatch.setattr(profile, "_profile", interrupted)
    assert main([*PROFILE, *launcher, "data.seed=0,1,2,3"]) == 130
    assert "; 1 of 4 cells are finished" in capsys.readouterr().err
    assert sorted(path.name for path in Path("sweep").glob("data.seed=*")) == ["data.seed=0", "data.seed=1"]


@pytest.mark.parametrize("n_jobs", [0, -2, "two", None])
def test_a_number_of_processes_that_is_none_is_a_sentence(n_jobs):
    with pytest.raises(ValueError, match=f"n_jobs must be at least 1, or -1 .* got {n_jobs}"):
        ForkedLauncher(n_jobs)


@pytest.mark.slow
def test_cells_that_train_end_with_the_weights_of_cells_one_by_one(tmp_path):
    train = ["train", "-m", "trainer=smoke", "logger=csv", "data.pairs=40", "data.unseen_pairs=20", "seed=0,1,2"]
    for name, launcher in (("forked", FORKED), ("plain", [])):
        command = [sys.executable, "-m", "rmexp", *train, *launcher, f"sweep_dir={tmp_path / name}"]
        subprocess.run(command, check=True, capture_output=True)
    for seed in range(3):
        weights = (tmp_path / name / f"seed={seed}" / "model" / "model.safetensors" for name in ("forked", "plain"))
        first, second = (path.read_bytes() for path in weights)
        assert first == second
