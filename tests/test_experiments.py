"""The experiments can be run: their scripts parse, their configurations compose, their splits hold groups together."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from rmexp.config.compose import compose

EXPERIMENTS = Path(__file__).parent.parent / "experiments"
OPTIONS = sorted(EXPERIMENTS.glob("*/conf/data/*.yaml"))


@pytest.fixture(scope="module")
def prepare():
    spec = importlib.util.spec_from_file_location("prepare", EXPERIMENTS / "difficulty" / "prepare.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("script", sorted(EXPERIMENTS.glob("*/run.sh")), ids=lambda path: path.parent.name)
def test_scripts_parse(script):
    assert subprocess.run(["bash", "-n", str(script)], capture_output=True).stderr == b""


@pytest.mark.parametrize("option", OPTIONS, ids=lambda path: path.stem)
def test_data_of_experiments_compose(option, monkeypatch):
    monkeypatch.setenv("DIFFICULTY_DATA", "data")
    config = compose("train", [f"data={option.stem}", "seed=2"], str(option.parent.parent))
    assert config.data.name == option.stem
    paths = [config.data[key] for key in ("path", "val_path", "test_path") if config.data[key] is not None]
    assert all(path.startswith(f"data/{option.stem}/") for path in paths)


def test_groups_are_held_out_whole(prepare):
    rows = [{"id": index, "group": f"g{index % 10}"} for index in range(50)]
    splits = prepare.by_group(rows, lambda row: row["group"], {"test": 3, "val": 0.2}, 0)
    groups = {name: {row["group"] for row in part} for name, part in splits.items()}
    assert {name: len(found) for name, found in groups.items()} == {"train": 5, "test": 3, "val": 2}
    assert sorted(row["id"] for part in splits.values() for row in part) == list(range(50))
    assert prepare.by_group(rows, lambda row: row["group"], {"test": 3, "val": 0.2}, 1) != splits


def test_votes_become_a_margin(prepare):
    meta = {"votes_a": 1, "votes_b": 4, "votes_equal": 0, "topic": "t_x", "strict": True, "pair_id": "p", "a_id": "a"}
    row = prepare.with_votes({"prompt": "p", "chosen": "c", "rejected": "r", "meta": meta})
    assert row["margin"] == pytest.approx(0.6)
    assert row["meta"] == {"topic": "t_x", "strict": True, "pair_id": "p"}
    assert prepare.debate(row) == "t"
