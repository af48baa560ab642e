"""What wandb puts together lies in the run folder, for nobody clears a temporary one behind a killed process."""

import os
from pathlib import Path

from rmexp.tracking.wandb_staging import Staging, _folders, give_up_temporary, write_beside


def names():
    return [Path(made.name) for made in _folders()]


def test_temporary_folders_go_and_those_of_runs_come_and_go_one_inside_the_other(tmp_path):
    give_up_temporary()
    before = names()
    assert not any(path.exists() for path in before)
    outer = Staging(tmp_path / "outer")
    inner = Staging(tmp_path / "inner")
    assert all(path.is_dir() and path.is_relative_to(tmp_path / "inner" / "wandb") for path in names())
    give_up_temporary()
    inner.close()
    assert all(path.is_dir() and path.is_relative_to(tmp_path / "outer" / "wandb") for path in names())
    outer.close()
    assert names() == before
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["inner", "outer", "wandb", "wandb"]


def test_what_a_killed_process_has_left_goes_with_the_next(tmp_path):
    killed = Staging(tmp_path)
    (names()[0] / "half.json").write_text("{")
    killed_names = names()
    again = Staging(tmp_path)
    assert not (killed_names[0] / "half.json").exists()
    again.close()
    killed.close()
    assert list((tmp_path / "wandb").iterdir()) == []


def test_what_cannot_be_written_into_the_folders_of_the_user_goes_beside_the_run(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    write_beside(tmp_path / "run")
    assert os.environ["WANDB_CACHE_DIR"] == str(tmp_path / "run" / "wandb" / ".cache")
    assert os.environ["WANDB_DATA_DIR"] == str(tmp_path / "data")
