"""What a stage leaves in its run folder, and what decides it."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.tracking.metrics_csv import read_metrics

SMOKE = ["trainer=smoke", "logger=csv", "run_dir=run"]
FEW = ["data.pairs=40", "data.unseen_pairs=10"]


def pairs_file(path: str) -> list[str]:
    rows = [{"prompt": f"Question {i}?", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(20)]
    Path(path).write_text("\n".join(json.dumps(row) for row in rows))
    return ["data=jsonl", f"data.path={path}"]


@pytest.mark.parametrize("task", ["sft", "reward", "dpo"])
def test_each_task_trains_and_saves(here, task):
    assert main(["train", f"task={task}", *FEW, *SMOKE]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["steps"] == 3
    assert summary["val"]["n"] == 8
    if task != "sft":  # which leaves no rewards to take an interval of
        low, high = summary["val"]["accuracy_low"], summary["val"]["accuracy_high"]
        assert low <= summary["val"]["accuracy"] <= high + 1e-12
    assert summary["train_pairs_per_second"] > 0
    # A policy's scores mean nothing without the model that it started from.
    assert Path("run/reference/contract.json").is_file() == (task == "dpo")


def test_same_seed_same_weights_other_seed_other_weights(here):
    weights = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert main(["train", *FEW, "trainer=smoke", "logger=csv", f"seed={seed}", f"run_dir={name}"]) == 0
        weights.append(Path(name, "model/model.safetensors").read_bytes())
    assert weights[0] == weights[1] != weights[2]


def test_validation_at_each_epoch_and_every_so_many_steps(here):
    options = pairs_file("pairs.jsonl")
    more = ["data.batch_pairs=4", "trainer.max_epochs=2", "trainer.validate_every_steps=3", "logger=csv", "run_dir=run"]
    assert main(["train", *options, *more]) == 0
    rows = read_metrics(Path("run/metrics.csv"))
    assert [int(row["step"]) for row in rows if row["val/loss"]] == [3, 4, 6, 8]


def test_gradient_accumulation_counts_optimizer_steps(here):
    options = pairs_file("pairs.jsonl")
    more = ["data.batch_pairs=4", "trainer.accumulate_grad_batches=2", "trainer.max_epochs=2", "logger=csv"]
    assert main(["train", *options, *more, "run_dir=run"]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    assert (summary["steps"], summary["epochs"]) == (4, 2.0)


def test_overlong_pairs_are_counted(here):
    rows = [
        {"prompt": "Why?", "chosen": "because " * (40 if i % 4 == 0 else 2), "rejected": f"no {i}"} for i in range(20)
    ]
    for i, row in enumerate(rows):
        row["prompt"] += str(i)
    Path("pairs.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    options = ["data=jsonl", "data.path=pairs.jsonl", "data.max_tokens=40", "data.truncation=drop"]
    assert main(["train", *options, *SMOKE]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    account = summary["account"]
    assert summary["dropped"] == 5
    assert account["train"]["pairs"] + account["val"]["pairs"] == 20
    assert summary["train_pairs"] + summary["val_pairs"] == 15


def test_offline_wandb_run_lies_in_the_run_folder_and_has_its_figures(here, offline_run, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    assert main(["train", *FEW, "trainer=smoke", "logger=wandb", "run_dir=run"]) == 0
    records = offline_run(Path("run"))
    final = {key: value for row in records["summary"] for key, value in row["update"].items()}
    summary = json.loads(Path("run/summary.json").read_text())
    for row in summary["evaluation"]:
        assert final[f"final/{row['data']}-{row['split']}/accuracy"] == row["accuracy"]
    (table,) = Path("run/wandb").glob("offline-run-*/files/media/table/*.json")
    shown = json.loads(table.read_text())
    assert {row[shown["columns"].index("split")] for row in shown["data"]} == {"val", "unseen"}


@pytest.mark.slow  # a process of its own: W&B takes hold of the streams of one once
def test_wandb_has_the_lines_of_the_terminal(here, offline_run, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    command = [sys.executable, "-m", "rmexp", "train", *FEW, "trainer=smoke", "logger=wandb", "run_dir=run"]
    subprocess.run(command, check=True, capture_output=True)
    (file,) = Path("run/wandb").glob("offline-run-*/files/output.log")
    terminal = "".join(record.get("line", "") for record in offline_run(Path("run"))["output_raw"])
    assert "training: reward" in terminal
    assert "training: reward" in file.read_text()


@pytest.mark.slow
def test_multirun_gives_each_cell_its_folder(here, monkeypatch):
    assert main(["train", "-m", *FEW, "trainer=smoke", "logger=csv", "seed=0,1", "sweep_dir=sweep"]) == 0
    summaries = list(Path("sweep").glob("*/summary.json"))
    assert len(summaries) == 2


@pytest.mark.slow
def test_the_first_step_of_dpo_has_reward_zero_in_reduced_precision_too(here):
    assert main(["train", "task=dpo", "trainer.precision=bf16-mixed", *FEW, *SMOKE]) == 0
    first = read_metrics(Path("run/metrics.csv"))[0]
    assert float(first["train/loss"]) == pytest.approx(math.log(2), abs=1e-3)


def test_rankings_are_learnt_from_lists(here, capsys):
    lists = [
        {"prompt": f"Question {i}?", "responses": [f"fair {i}", f"good {i}", f"bad {i}"], "gold": [1, 2, 0]}
        for i in range(20)
    ]
    Path("lists.jsonl").write_text("\n".join(json.dumps(row) for row in lists))
    options = ["train", "data=jsonl", "data.path=lists.jsonl", "data/format=ranked", "loss=plackett_luce", *SMOKE]
    assert main(options) == 1
    assert "set data.batch_by=prompt" in capsys.readouterr().err
    assert main([*options, "data.batch_by=prompt", "run_dir=whole"]) == 0
    assert json.loads(Path("whole/summary.json").read_text())["val"]["n"] == 12  # four lists of three pairs


def test_a_policy_says_how_its_reward_is_reduced_and_is_scored_so(here):
    assert main(["train", "task=dpo", "loss=length_normalised_dpo", *FEW, *SMOKE]) == 0
    contract = json.loads(Path("run/model/contract.json").read_text())
    assert (contract["beta"], contract["reduction"]) == (5.0, "response_mean")
    manifest = json.loads(Path("run/scored/unseen.manifest.json").read_text())
    assert (manifest["scorer"]["beta"], manifest["scorer"]["reduction"]) == (5.0, "response_mean")


def test_a_loss_of_another_task_is_one_line(here, capsys):
    assert main(["train", "task=reward", "loss=ipo", *FEW, *SMOKE]) == 1
    told = capsys.readouterr().err
    assert "loss: task=reward needs a loss of chosen_rewards, rejected_rewards, got ipo_loss() of" in told
    assert "reading" not in told
