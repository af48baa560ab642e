from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

import rmexp.run.stage_trainer as stage_trainer


@pytest.mark.parametrize(
    ("inside_a_run", "sweep_dir", "name", "belongs_to"),
    [
        (False, None, "reward", None),
        (False, "there/lr", "reward", "lr"),
        (True, None, "outer/reward", "outer"),
        (True, "there/lr", "outer/reward", "lr"),
    ],
)
def test_a_run_is_named_by_the_comparison_and_grouped_by_the_sweep_that_it_is_in(
    tmp_path, monkeypatch, inside_a_run, sweep_dir, name, belongs_to
):
    outer = tmp_path / "outer"
    outer.mkdir()
    if inside_a_run:
        (outer / "config.yaml").touch()
    monkeypatch.setattr(stage_trainer, "build", lambda node: lambda **given: given)
    config = OmegaConf.create({"task": "reward", "sweep_dir": sweep_dir, "logger": {"api_key": "secret"}})
    (given,) = stage_trainer.trackers(config, SimpleNamespace(path=outer / "reward"))
    run = given["run"]
    assert (run.name, run.belongs_to, run.task) == (name, belongs_to, "reward")
    assert run.config["logger"] == {"api_key": "<redacted>"}
