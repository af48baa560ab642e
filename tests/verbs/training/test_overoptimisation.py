"""What is learnt against a proxy of the reward: where divergence costs nothing it is pleased at the truth's expense."""

import json
from pathlib import Path

import pytest

from rmexp.cli import main

COMMON = [
    "data=synthetic",
    "data.val_pairs=256",
    "data.test_pairs=100",
    "model=tiny",
    "logger=csv",
    "trainer.threads=1",
]
LEARNER = ["rollouts.iterations=30", "rollouts.samples=64", "rollouts.max_new_tokens=48", "rollouts.shown=0"]


@pytest.fixture(scope="module")
def circle(tmp_path_factory):
    """A reference, and a proxy that has learnt from 100 pairs."""
    path = tmp_path_factory.mktemp("circle")
    common = [*COMMON, "data.cache_dir=null"]
    assert main(["train", "task=sft", *common, f"run_dir={path}/sft"]) == 0
    few = ["data.train_pairs=100", "data.batch_pairs=16", "optimizer.lr=1e-3", "trainer.max_epochs=30"]
    few.append("trainer.keep=last")  # the best of its validations has learnt next to nothing
    start = f"model.reference={path}/sft/model"
    assert main(["train", "task=reward", *common, *few, start, f"run_dir={path}/proxy"]) == 0
    return [*common, start, f"scorer.path={path}/proxy/model"]


@pytest.mark.slow
def test_the_proxy_rises_while_the_truth_falls_unless_divergence_costs(circle, here):
    changes = {}
    for coefficient in ("0.0", "0.1"):
        options = [
            "task=ppo",
            "scorer@gold=gold",
            f"kl.coefficient={coefficient}",
            "kl.limit=1000",
            "optimizer.lr=3e-4",
        ]
        assert main(["train", *options, *LEARNER, *circle, f"run_dir=kl{coefficient}"]) == 0
        found = json.loads(Path(f"kl{coefficient}", "summary.json").read_text())
        changes[coefficient] = {
            name: (found[name]["after"] - found[name]["before"]) / found[name]["sd_before"]
            for name in ("reward", "gold")
        }
    assert changes["0.0"]["reward"] > 1
    assert changes["0.0"]["gold"] < -0.5
    assert changes["0.1"]["reward"] > 1
    assert changes["0.1"]["gold"] > -0.25
