from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import OmegaConf

from rmexp.config.compose import compose
from rmexp.config.folders import run_folder
from rmexp.config.saved import fingerprint


@pytest.fixture
def in_multirun():
    def enter(*overrides):
        content = {"mode": RunMode.MULTIRUN, "overrides": {"task": list(overrides)}}
        HydraConfig.instance().cfg = OmegaConf.create({"hydra": content})
        return compose("train", ["sweep_dir=sweeps/a"])

    yield enter
    HydraConfig.instance().cfg = None


def test_the_name_tells_what_ran():
    config = compose("train", ["task=dpo"])
    assert run_folder("train", config) == Path("runs/train", f"dpo-json_vs_text-tiny-{fingerprint(config)}")
    config = compose("score", ["scorer.path=x"])
    assert run_folder("score", config) == Path("runs/score", f"explicit-json_vs_text-{fingerprint(config)}")


def test_another_configuration_goes_elsewhere():
    assert run_folder("train", compose("train", [])) == run_folder("train", compose("train", ["sweep_dir=x"]))
    assert run_folder("train", compose("train", [])) != run_folder("train", compose("train", ["seed=1"]))


def test_what_the_user_says_counts():
    assert run_folder("train", compose("train", ["run_dir=there"])) == Path("there")


def test_a_cell_is_named_by_its_overrides(in_multirun):
    config = in_multirun("task=reward", "seed=1", "sweep_dir=sweeps/a")
    assert run_folder("train", config) == Path("sweeps/a/task=reward,seed=1")


def test_cells_whose_names_must_be_mended_stay_apart(in_multirun):
    first = run_folder("train", in_multirun("data.path=a/b"))
    second = run_folder("train", in_multirun("data.path=a_b"))
    third = run_folder("train", in_multirun("data.path=" + "x/" * 300))
    assert len({first, second, third}) == 3
    assert {path.parent for path in (first, second, third)} == {Path("sweeps/a")}
    assert len(third.name) < 200
