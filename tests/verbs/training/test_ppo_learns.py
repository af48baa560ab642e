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
    data = ["data=synthetic", "data.pairs=8000", "data.val_pairs=256", "data.test_pairs=10"]
    assert main(["train", "task=sft", *data, *QUIET, f"run_dir={path}"]) == 0
    return [*data, f"model.reference={path}/model"]


def gain(folder="run"):
    """In standard deviations of the starting policy."""
    found = json.loads(Path(folder, "summary.json").read_text())
    reward = found["reward"]
    return (reward["after"] - reward["before"]) / reward["sd_before"], found["kl"]


@pytest.mark.parametrize("estimator", ["gae", pytest.param("rloo", marks=pytest.mark.slow)])
def test_longer_words_are_found_where_they_pay(here, reference_folder, estimator):
    rows = [json.dumps({"prompt": f"Question {i}?", "chosen": "yes", "rejected": "no"}) for i in range(20)]
    Path("pairs.jsonl").write_text("\n".join(rows))
    data = ["data=jsonl", "data.path=pairs.jsonl", "data.max_tokens=64", "scorer=baseline", "scorer.kind=longer"]
    size = [f"rollouts.{text}" for text in ("samples=32", "max_new_tokens=8", "evaluation_samples=64", "shown=0")]
    more = ["rollouts.iterations=12", "optimizer.lr=1e-2", "kl.coefficient=0.01", f"estimator={estimator}"]
    options = [*data, *size, *more, f"model.reference={reference_folder}", "run_dir=run"]
    assert main(["train", "task=ppo", *QUIET, *options]) == 0
    assert gain()[0] > 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("estimator", "rate"), [("gae", 1e-3), ("rloo", 7e-4)])  # those of experiments/online_rl
def test_the_gold_reward_rises(synthetic, here, estimator, rate, seed):
    options = [
        "task=ppo",
        "scorer=gold",
        f"estimator={estimator}",
        f"optimizer.lr={rate}",
        f"seed={seed}",
        "run_dir=run",
    ]
    assert main(["train", *options, *QUIET, *PPO, *synthetic]) == 0
    rise, divergence = gain()
    assert rise > 1.5  # the experiment has 1.8 to 2.5
    assert divergence < 20
