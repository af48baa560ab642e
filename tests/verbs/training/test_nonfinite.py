"""What is not finite stops a run, or is left out and counted; nothing of it is ever saved."""

import json
import subprocess
import sys

import pytest
import torch

from rmexp.cli import main
from rmexp.runs.summaries.file import read_summary
from rmexp.runs.summaries.train import TrainSummary
from rmexp.tracking.metrics_csv import read_metrics
from rmexp.training.callbacks.checkpoints import step_of
from rmexp.training.reward import RewardModule

LAST = "run/checkpoints/last.ckpt"
SMALL = [
    *("data=jsonl", "data.path=pairs.jsonl", "data.batch_pairs=4", "logger=csv", "trainer=cpu", "trainer.threads=1"),
    *("model.hidden_size=16", "model.vocabulary=300", "callbacks.saving.every_seconds=0", "run_dir=run"),
]


@pytest.fixture
def pairs(here):
    rows = [
        {"id": f"pair-{i}", "prompt": f"Question {i}?", "chosen": f"yes {i} " * (1 + i % 5), "rejected": f"no {i}"}
        for i in range(30)
    ]
    (here / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return here


def train(*overrides):
    return main(["train", "task=reward", *SMALL, *overrides])


def tensors(folder):
    for path in folder.glob("run/checkpoints/*.ckpt"):
        yield from torch.load(path, weights_only=True)["state_dict"].values()


@pytest.fixture
def spoilt(monkeypatch):
    """Makes the loss of some steps, counted from 1, not a number."""

    def spoil(steps, value=float("nan")):
        step = RewardModule.training_step

        def spoilt_step(self, batch, index):
            loss = step(self, batch, index)
            return loss * value if self.global_step + 1 in steps else loss

        monkeypatch.setattr(RewardModule, "training_step", spoilt_step)

    return spoil


def test_a_learning_rate_beyond_reason_stops_the_run_in_words(pairs, capsys):
    assert train("optimizer.lr=1e6") == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("rmexp: step ")
    for part in ("the norm of its gradient", "pairs of the batch: pair-", "lower optimizer.lr", "(now 1e+06, 1.0 and"):
        assert part in message
    assert "JSON" not in message
    assert not (pairs / "run/summary.json").exists()
    assert not (pairs / "run/model").exists()
    assert all(value.isfinite().all() for value in tensors(pairs))


@pytest.mark.slow
def test_of_several_processes_the_first_says_it(pairs):
    own = ["train", "task=reward", *SMALL, "trainer=ddp", "trainer.accelerator=cpu", "optimizer.lr=1e6"]
    command = [sys.executable, "-m", "rmexp", *(text for text in own if text != "trainer=cpu")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("rmexp: step ")
    assert ended.stderr.count("rmexp: ") == 1
    assert "Traceback" not in ended.stderr


def test_the_step_is_named_with_its_pairs_and_the_same_command_goes_on_from_before_it(pairs, spoilt, capsys):
    spoilt({5})
    for _ in range(2):
        assert train() == 1
        message = capsys.readouterr().err.splitlines()[-1]
        assert "step 5: the loss is" in message
        assert f"goes on from {LAST}, of step {step_of(pairs / LAST)}, and would come here again" in message
        assert step_of(pairs / LAST) < 5
    assert [int(row["step"]) for row in read_metrics(pairs / "run/metrics.csv")] == [1, 2, 3, 4]
    ids = message.partition("pairs of the batch: ")[2].partition(";")[0].split(", ")
    assert len(ids) == len(set(ids)) == 4
    assert all(name.startswith("pair-") for name in ids)


def test_steps_that_are_left_out_are_counted(pairs, spoilt, capsys):
    spoilt({2, 7})
    assert train("trainer.on_nonfinite=skip") == 0
    captured = capsys.readouterr()
    assert "2 steps of 12 left out, for a loss or gradient that was not finite" in captured.out
    assert "1 steps left out" in captured.err
    summary = read_summary(pairs / "run", TrainSummary)
    assert (summary.skipped_steps, summary.steps) == (2, 12)
    assert all(value.isfinite().all() for value in tensors(pairs))


def test_where_nothing_is_left_out_there_is_no_count(pairs):
    assert train() == 0
    assert read_summary(pairs / "run", TrainSummary).skipped_steps is None


def test_weights_that_an_update_spoils_are_never_saved(pairs, monkeypatch, capsys):
    step = RewardModule.on_train_batch_end

    def spoil(self, *args):
        step(self, *args)
        if self.global_step == 12:
            self.model.head.weight.data[0, 0] = float("inf")

    monkeypatch.setattr(RewardModule, "on_train_batch_end", spoil)
    assert train() == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert "step 12: its update made weights that are not finite (model.head.weight)" in message
    assert all(value.isfinite().all() for value in tensors(pairs))
    assert not (pairs / "run/model").exists()


def test_a_checkpoint_that_an_earlier_version_spoilt_is_told(pairs, spoilt, capsys):
    spoilt({5})
    assert train() == 1
    path = pairs / "run/checkpoints/last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["state_dict"]["model.head.weight"][:] = float("nan")
    torch.save(checkpoint, path)
    capsys.readouterr()
    assert train() == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert "the weights that training starts from are not finite (model.head.weight)" in message
    assert "delete the checkpoints in run/checkpoints" in message
