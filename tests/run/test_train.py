"""Run folders of single stages: what is in them, when they are reused, refused, gone on with or moved aside."""

import json
import math
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.training.metrics_csv import read_metrics

SMOKE = ["trainer=smoke", "logger=csv", "run_dir=run"]


def pairs_file(path: str, answer: str = "yes") -> list[str]:
    rows = [{"prompt": f"Question {i}?", "chosen": f"{answer} {i}", "rejected": f"no {i}"} for i in range(20)]
    Path(path).write_text("\n".join(json.dumps(row) for row in rows))
    return ["data=jsonl", f"data.path={path}"]


@pytest.mark.parametrize("task", ["sft", "reward", "dpo"])
def test_each_task_trains_and_saves(here, task):
    assert main(["train", f"task={task}", *SMOKE]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["steps"] == 3
    assert summary["val"]["n"] == 100
    assert summary["val"]["accuracy_low"] <= summary["val"]["accuracy"] <= summary["val"]["accuracy_high"]
    assert summary["train_pairs_per_second"] > 0
    # A policy's scores mean nothing without the model that it started from.
    assert Path("run/reference/contract.json").is_file() == (task == "dpo")


def test_same_seed_same_weights_other_seed_other_weights(here):
    weights = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert main(["train", "trainer=smoke", "logger=csv", f"seed={seed}", f"run_dir={name}"]) == 0
        weights.append(Path(name, "model/model.safetensors").read_bytes())
    assert weights[0] == weights[1] != weights[2]


def test_finished_run_is_shown_again(here, capsys):
    assert main(["train", *SMOKE]) == 0
    before = Path("run/model/model.safetensors").stat().st_mtime_ns
    assert main(["train", *SMOKE]) == 0
    assert Path("run/model/model.safetensors").stat().st_mtime_ns == before
    assert "finished before" in capsys.readouterr().out


def test_folder_of_another_configuration_is_refused(here, capsys):
    assert main(["train", *SMOKE]) == 0
    assert main(["train", *SMOKE, "optimizer.lr=0.5"]) == 1
    error = capsys.readouterr().err
    assert "another configuration" in error
    assert "optimizer.lr" in error


def test_changed_data_moves_the_old_run_aside(here):
    options = pairs_file("pairs.jsonl")
    assert main(["train", *options, *SMOKE]) == 0
    pairs_file("pairs.jsonl", answer="certainly")
    assert main(["train", *options, *SMOKE]) == 0
    summaries = [json.loads(Path(name, "summary.json").read_text()) for name in ("run", "run-outdated-1")]
    assert summaries[0]["inputs"]["data"] != summaries[1]["inputs"]["data"]


def test_folder_in_use_is_refused_with_its_owner(here, capsys):
    import fcntl

    Path("run").mkdir()
    with Path("run/.lock").open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(["train", *SMOKE]) == 1
    assert "process 4711" in capsys.readouterr().err


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


def test_failed_run_says_why_and_is_not_taken_for_finished(here, capsys):
    assert main(["train", *SMOKE, "optimizer.lr=-1"]) == 1
    assert "Invalid learning rate" in json.loads(Path("run/failure.json").read_text())["error"]
    assert not Path("run/summary.json").exists()
    assert not Path("run/model").exists()
    assert "Traceback" not in capsys.readouterr().err


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


def test_interrupted_run_goes_on_with_the_same_command(tmp_path):
    command = [sys.executable, "-m", "rmexp", "train", "logger=csv", "trainer.max_epochs=2", "run_dir=run"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "run" / "metrics.csv"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and not (metrics.exists() and len(metrics.read_text().splitlines()) > 10):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from there" in error
    assert not (tmp_path / "run" / "summary.json").exists()
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stderr
    steps = [int(row["step"]) for row in read_metrics(metrics) if row["train/loss"]]
    assert steps == list(range(1, 51))


def test_offline_wandb_run_lies_in_the_run_folder_and_has_its_figures(here, offline_run, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    assert main(["train", "trainer=smoke", "logger=wandb", "run_dir=run"]) == 0
    records = offline_run(Path("run"))
    final = {key: value for row in records["summary"] for key, value in row["update"].items()}
    summary = json.loads(Path("run/summary.json").read_text())
    for row in summary["evaluation"]:
        assert final[f"final/{row['data']}-{row['split']}/accuracy"] == row["accuracy"]
    (table,) = Path("run/wandb").glob("offline-run-*/files/media/table/*.json")
    shown = json.loads(table.read_text())
    assert {row[shown["columns"].index("split")] for row in shown["data"]} == {"val", "unseen"}


def test_multirun_gives_each_cell_its_folder(here, monkeypatch):
    assert main(["train", "-m", "trainer=smoke", "logger=csv", "seed=0,1", "sweep_dir=sweep"]) == 0
    summaries = list(Path("sweep").glob("*/summary.json"))
    assert len(summaries) == 2


def test_a_run_killed_after_its_last_step_keeps_its_figures(here):
    assert main(["train", *SMOKE]) == 0
    before = json.loads(Path("run/summary.json").read_text())
    Path("run/summary.json").unlink()
    assert main(["train", *SMOKE]) == 0
    after = json.loads(Path("run/summary.json").read_text())
    for key in ("steps", "epochs", "train", "val", "model"):
        assert after[key] == before[key]


def test_the_first_step_of_dpo_has_reward_zero_in_reduced_precision_too(here):
    assert main(["train", "task=dpo", "trainer.precision=bf16-mixed", *SMOKE]) == 0
    first = read_metrics(Path("run/metrics.csv"))[0]
    assert float(first["train/loss"]) == pytest.approx(math.log(2), abs=1e-3)


def test_scoring_again_after_the_model_changed_scores_anew(here):
    score = ["score", "data=json_vs_text", "scorer=explicit", "scorer.path=run/model", "run_dir=scores"]
    scores = []
    for seed in (0, 1):
        shutil.rmtree("run", ignore_errors=True)
        assert main(["train", f"seed={seed}", *SMOKE]) == 0
        assert main(score) == 0
        scores.append(Path("scores/scored/val.jsonl").read_text())
    assert scores[0] != scores[1]
    assert Path("scores-outdated-1").is_dir()


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
    assert main(["train", "task=dpo", "loss=length_normalised_dpo", "data.pairs=40", *SMOKE]) == 0
    contract = json.loads(Path("run/model/contract.json").read_text())
    assert (contract["beta"], contract["reduction"]) == (5.0, "response_mean")
    manifest = json.loads(Path("run/scored/unseen.manifest.json").read_text())
    assert (manifest["scorer"]["beta"], manifest["scorer"]["reduction"]) == (5.0, "response_mean")


def test_a_loss_of_another_task_is_one_line(here, capsys):
    assert main(["train", "task=reward", "loss=ipo", *SMOKE]) == 1
    assert "task=reward needs a loss of chosen_rewards, rejected_rewards" in capsys.readouterr().err
