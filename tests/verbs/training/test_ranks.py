"""Two processes learn what one learns: each has its share of every batch."""

import csv
import json
from pathlib import Path

import pytest

from rmexp.cli import main

SMALL = ["logger=csv", "data.pairs=50", "data.unseen_pairs=20", "data.batch_pairs=12", "trainer.threads=1"]


def test_two_ranks_learn_what_one_learns(here):
    summaries = {}
    for trainer in ("cpu", "ddp_fork"):
        assert main(["train", f"trainer={trainer}", *SMALL, f"run_dir={trainer}"]) == 0
        summaries[trainer] = json.loads(Path(trainer, "summary.json").read_text())
    one, two = summaries["cpu"], summaries["ddp_fork"]
    for key in ("steps", "epochs", "train_pairs", "val_pairs"):
        assert one[key] == two[key]
    assert two["train"]["n"] == one["train"]["n"] == 40
    # Batches of 12 and 4 pairs, so that both ranks weigh alike.
    assert two["val"]["loss"] == pytest.approx(one["val"]["loss"], rel=1e-2)
    steps = [line.split(",")[0] for line in Path("ddp_fork/metrics.csv").read_text().splitlines()[1:]]
    assert steps == ["1", "2", "3", "4", "4", "5", "6", "7", "8", "8"]


@pytest.mark.slow
def test_two_ranks_are_one_run_of_weights_and_biases(here, offline_run, monkeypatch):
    monkeypatch.delenv("WANDB_MODE")
    assert main(["train", "trainer=ddp_fork", *SMALL, "logger=wandb", "run_dir=run"]) == 0
    records = offline_run(Path("run"))
    curve = [row["item"]["train/loss"] for row in records["history"] if "train/loss" in row["item"]]
    with Path("run/metrics.csv").open() as file:
        assert curve == pytest.approx([float(row["train/loss"]) for row in csv.DictReader(file) if row["train/loss"]])
    assert [row["exit_code"] for row in records["exit"]] == [0]
