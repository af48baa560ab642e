"""A policy learns what it is paid for: the known reward of synthetic replies."""

import json
from pathlib import Path

import pytest

from rmexp.cli import main

QUIET = ["model=tiny", "logger=csv", "trainer.threads=1", "data.cache_dir=null"]
PPO = ["rollouts.iterations=30", "rollouts.shown=0", "callbacks.progress.line_every_steps=10"]


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """A reference that has learnt to reply."""
    path = tmp_path_factory.mktemp("synthetic") / "sft"
    data = ["data=synthetic", "data.pairs=4000", "data.val_pairs=256", "data.test_pairs=10"]
    assert main(["train", "task=sft", *data, *QUIET, f"run_dir={path}"]) == 0
    return [*data, f"model.reference={path}/model"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("estimator", ["gae", "rloo"])
def test_the_gold_reward_rises(synthetic, here, estimator, seed):
    options = ["task=ppo", "scorer=gold", f"estimator={estimator}", f"seed={seed}", "run_dir=run"]
    assert main(["train", *options, *QUIET, *PPO, *synthetic]) == 0
    found = json.loads(Path("run/summary.json").read_text())
    gain = (found["reward"]["after"] - found["reward"]["before"]) / found["reward"]["sd_before"]
    assert gain > 1.3
    assert found["kl"] < 20
