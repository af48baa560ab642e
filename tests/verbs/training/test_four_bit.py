"""Adapters on a base in 4 bits: what a run leaves is whole, its checkpoints have no base, and it goes on exactly."""

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rmexp.cli import main
from rmexp.models.folders.contract import reference_beside
from rmexp.tracking.metrics_csv import read_metrics

FOUR_BIT = ["model.load=4bit", "model.trained=adapters", "optimizer.lr=0.02"]
SMALL = ["data.pairs=40", "data.unseen_pairs=10", "data.cache_dir=null", "model.hidden_size=32", "trainer.max_epochs=2"]
RUN = [*SMALL, "data.batch_pairs=8", "logger=csv"]


@pytest.fixture
def start(here):
    assert main(["train", "task=sft", *SMALL, "trainer=smoke", "logger=csv", "run_dir=start"]) == 0
    return f"model.reference={here}/start/model"


@pytest.mark.usefixtures("four_bits")
def test_a_reward_model_is_whole_and_goes_on_to_the_same_bytes(start, interrupted_at):
    command = ["train", "task=reward", start, *FOUR_BIT, *RUN]
    assert main([*command, "run_dir=run"]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["evaluation"][0]["nll"] == pytest.approx(summary["val"]["loss"], rel=1e-4)
    assert summary["model"]["parameters"] > 2 * 7 * 32 * 32  # those of the base are counted as they are saved
    kept = torch.load("run/checkpoints/last.ckpt", weights_only=True)["state_dict"]
    assert not [name for name in kept if name.startswith("model.") and "lora_" not in name and "head" not in name]
    assert not Path("run/adapter").exists()
    with interrupted_at(4):
        assert main([*command, "run_dir=died"]) == 130
    assert main([*command, "run_dir=died"]) == 0
    first, second = (load_file(f"{run}/model/model.safetensors") for run in ("run", "died"))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
@pytest.mark.usefixtures("four_bits")
def test_a_policy_is_measured_against_its_start_in_4_bits(start, capsys):
    assert main(["train", "task=dpo", start, *FOUR_BIT, *RUN, "run_dir=run"]) == 0
    rows = read_metrics(Path("run/metrics.csv"))
    assert float(rows[0]["train/loss"]) == pytest.approx(math.log(2), abs=1e-5)
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["evaluation"][0]["nll"] == pytest.approx(summary["val"]["loss"], rel=1e-3)
    assert reference_beside("run/model") == "run/reference"
    assert reference_beside("start/model") is None
    score = ["score", "scorer=implicit", "scorer.policy=run/model", *SMALL[:2], "data.cache_dir=null"]
    assert main([*score, "scorer.reference=start/model", "run_dir=refused"]) == 1
    assert "run/model was trained from the reference" in capsys.readouterr().err
    assert main([*score, "scorer.reference=run/reference", "run_dir=scored"]) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("four_bits")
def test_a_comparison_measures_its_policy_against_what_it_started_from(here):
    assert main(["compare", *FOUR_BIT[:2], *SMALL[:4], "logger=csv", "run_dir=run"]) == 0
    assert Path("run/report.html").exists()


def test_it_takes_adapters(here, capsys):
    assert main(["train", "task=reward", "model.load=4bit", *RUN, "run_dir=run"]) == 1
    assert "rounded ones cannot learn (set model.trained=adapters, got all)" in capsys.readouterr().err
