"""Several processes learn what one learns: each has its share of every batch, and the first alone writes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from safetensors.torch import load_file
from tests.support.forked import forking

from rmexp.cli import main
from rmexp.hardware import processes
from rmexp.scoring.store import score_into

DATA = ["data=jsonl", "data.path=pairs.jsonl", "data.val_fraction=0.25", "data.batch_pairs=11"]
MODEL = ["model.hidden_size=16", "model.vocabulary=300", "trainer.threads=1", "trainer.max_epochs=2"]
SMALL = [*DATA, *MODEL, "logger=csv", "callbacks.saving.every_seconds=0"]


@pytest.fixture(autouse=True)
def pairs(here):
    rows = [
        {"prompt": f"Question {i}?", "chosen": f"yes {i} " * (1 + i % 5), "rejected": f"no {i} " * (1 + i % 3)}
        for i in range(32)
    ]
    Path("pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))


def command(*overrides, launcher=("-m", "rmexp")):
    return [sys.executable, *launcher, "train", *SMALL, *overrides]


def run(*overrides, **options):
    return subprocess.run(command(*overrides, **options), capture_output=True, text=True, check=False, timeout=300)


def weights(folder):
    return load_file(Path(folder, "model", "model.safetensors"))


def assert_like(folder, other, tolerance):
    expected, found = weights(other), weights(folder)
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=tolerance, msg=name)


def curve(folder, names=("train/loss", "train/accuracy", "train/reward_sd", "val/loss")):
    with Path(folder, "metrics.csv").open() as file:
        return [[float(row[name] or "nan") for name in names] for row in csv.DictReader(file)]


def assert_same_run(folder, other, tolerance=1e-5):
    """Weights, figures of every step and of the summary, up to the order of sums."""
    assert_like(folder, other, tolerance)
    torch.testing.assert_close(
        torch.tensor(curve(folder)), torch.tensor(curve(other)), rtol=1e-4, atol=1e-5, equal_nan=True
    )
    found, expected = (json.loads(Path(name, "summary.json").read_text()) for name in (folder, other))
    for key in ("steps", "epochs", "train_pairs", "val_pairs"):
        assert found[key] == expected[key]
    for split in ("train", "val"):
        for key, value in expected[split].items():
            if isinstance(value, float | int):
                assert found[split][key] == pytest.approx(value, rel=1e-4), (split, key)


def finished(processes):
    """What the first of some processes has said, once all have ended well."""
    codes, said = processes.codes(), processes.said
    assert not any(codes), "".join(said)
    others = [
        line for text in said[1:] for line in text.splitlines() if not line.startswith(("[rank", "[Gloo"))
    ]  # torch's
    assert not others
    return said[0]


@pytest.fixture(autouse=True)
def one(pairs):
    """A run of one process comes first: what is forked then has found out all that takes time."""
    assert main(["train", "task=reward", *SMALL, "run_dir=one"]) == 0


def test_two_processes_learn_what_one_learns(several):
    """Batches of 11, 11 and 1 or so pairs: of the last one a process has nothing."""
    said = finished(several(2, "train", "task=reward", *SMALL, "trainer=ddp", "run_dir=two"))
    assert said.count("training: reward") == 1
    assert said.count("run folder   two") == 1
    assert_same_run("two", "one")


@pytest.mark.slow
def test_the_first_process_starts_the_others():
    ended = run("task=reward", "trainer=ddp", "run_dir=two")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("training: reward") == 1
    assert ended.stdout.count("run folder   two") == 1
    assert_same_run("two", "one")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overrides", "trainer"),
    [
        (("task=sft",), "ddp"),
        (("task=dpo",), "ddp"),
        (("task=reward",), "fsdp"),
        (("task=sft",), "fsdp"),
        (("task=dpo", "module.reference_logps=online"), "fsdp"),
        (("task=reward", "data.batch_tokens=60", "model.gradient_checkpointing=true"), "fsdp"),
        (("task=reward", "model.layout=padded", "trainer.accumulate_grad_batches=2"), "fsdp"),
        (("task=reward", "trainer.monitor=val/accuracy"), "fsdp"),  # the best is not the last
    ],
)
def test_every_way_of_training_is_that_of_one_process(several, overrides, trainer):
    own = ("train", *overrides, *SMALL)
    assert main([*own, "run_dir=alone"]) == 0
    finished(several(3, *own, f"trainer={trainer}", "trainer.devices=3", "run_dir=three"))
    assert_same_run("three", "alone")


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["ddp", "fsdp"])
def test_a_policy_is_validated_with_the_weights_as_saved(several, trainer):
    own = ("task=dpo", "model.save_dtype=bfloat16", "optimizer.lr=0.01", f"trainer={trainer}", "run_dir=two")
    finished(several(2, "train", *SMALL, *own))
    summary = json.loads(Path("two/summary.json").read_text())
    (row,) = [row for row in summary["evaluation"] if row["slice"] is None]
    assert summary["val"]["loss"] == pytest.approx(row["nll"], rel=1e-5)
    assert summary["val"]["loss"] != pytest.approx(curve("two", ("val/loss",))[-1][0], rel=1e-5)


@pytest.mark.slow
def test_lists_stay_together(several):
    rows = [
        {"prompt": f"Question {i}?", "chosen": f"best {i}", "rejected": f"worse {i} {'so ' * j}"}
        for i in range(12)
        for j in range(3)
    ]
    Path("pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    own = ("train", *SMALL, "task=reward", "loss=plackett_luce", "data.batch_by=prompt")
    assert main([*own, "run_dir=alone"]) == 0
    finished(several(2, *own, "trainer=ddp", "run_dir=two"))
    assert_same_run("two", "alone")


def killed_and_gone_on_with(several, folder, count, *overrides, then=None):
    """Kill a run of several processes in the middle, then let as many, or others, finish it."""
    own = ("train", *SMALL, *overrides, f"run_dir={folder}")
    processes = several(count, *own, f"trainer.devices={count}")
    while not Path(folder, "metrics.csv").exists() or len(curve(folder)) < 12:
        assert processes.running, "".join(processes.said)
        time.sleep(0.02)
    processes.kill()
    assert not Path(folder, "summary.json").exists()
    said = finished(several(then or count, *own, f"trainer.devices={then or count}"))
    assert "going on from" in said
    return said


@pytest.mark.slow
@pytest.mark.parametrize(("trainer", "count"), [("ddp", 2), ("ddp", 3), ("fsdp", 2), ("fsdp", 3)])
def test_a_killed_run_goes_on_to_the_same_bytes(several, trainer, count):
    own = ("task=reward", f"trainer={trainer}", "trainer.max_epochs=12")
    finished(several(count, "train", *SMALL, *own, f"trainer.devices={count}", "run_dir=whole"))
    killed_and_gone_on_with(several, "killed", count, *own)
    assert_like("killed", "whole", 0.0)
    found, expected = (torch.tensor(curve(folder)) for folder in ("killed", "whole"))
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["ddp", "fsdp"])
def test_another_number_of_processes_goes_on_and_says_so(several, trainer):
    own = ("task=reward", f"trainer={trainer}", "trainer.max_epochs=12")
    assert main(["train", *SMALL, *own, "trainer=default", "run_dir=alone"]) == 0
    said = killed_and_gone_on_with(several, "killed", 2, *own, then=3)
    assert "the checkpoint is of 2 processes, this run has 3" in said
    assert_like("killed", "alone", 1e-4)


@pytest.mark.slow
def test_a_process_that_dies_ends_the_run_in_words():
    own = command("task=reward", "trainer=ddp", "trainer.max_epochs=4000", "run_dir=run")
    process = subprocess.Popen(own, stderr=subprocess.PIPE, text=True)
    while not Path("run/checkpoints/last.ckpt").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    (child,) = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
    os.kill(child, signal.SIGKILL)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "process 1 of 2 has ended (exit code -9); the same command goes on from run/checkpoints" in words
    assert not Path("run/summary.json").exists()
    assert not Path("run/model").exists()


@pytest.mark.parametrize("trainer", ["ddp", "fsdp"])
def test_where_a_process_of_a_launcher_dies_the_checkpoint_is_named(several, trainer):
    own = ("task=reward", f"trainer={trainer}", "trainer.max_epochs=4000", "run_dir=run")
    processes = several(2, "train", *SMALL, *own)
    while not Path("run/checkpoints/last.ckpt").exists():
        assert processes.running, "".join(processes.said)
        time.sleep(0.02)
    processes.kill(1)
    assert processes.codes(60)[0] == 1
    words = [line for line in processes.said[0].splitlines() if line.startswith("rmexp: ")]
    assert len(words) == 1
    assert "another process of the run has ended; the same command goes on from run/checkpoints" in words[0]
    assert not Path("run/summary.json").exists()
    assert not Path("run/model").exists()


@pytest.mark.slow
def test_processes_of_torchrun_are_joined():
    launcher = ("-m", "torch.distributed.run", "--nproc_per_node=2", "-m", "rmexp")
    ended = run("task=reward", "trainer=ddp", "run_dir=two", launcher=launcher)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("run folder   two") == 1
    assert_same_run("two", "one")


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ("optimizer.lr=0.5", "optimizer.lr"),
        ("data.path=other.jsonl", "data"),
    ],
)
def test_processes_that_disagree_are_refused(several, others, words):
    """By what they were told, and by the content of what they read."""
    Path("other.jsonl").write_text(Path("pairs.jsonl").read_text().replace("Question 3?", "Question 33?"))
    processes = several(2, "train", "task=reward", *SMALL, "trainer=ddp", "run_dir=run", last=[others])
    assert processes.codes(60) == [1, 1]
    said = [line for line in processes.said[0].splitlines() if line.startswith("rmexp: ")]
    assert len(said) == 1
    assert "process 1 of 2 is not of the same run as process 0: " in said[0]
    assert words in said[0]
    assert not Path("run/model").exists()


def test_a_launcher_has_started_as_many_as_the_trainer_wants(several):
    processes = several(2, "train", "task=reward", *SMALL, "trainer=ddp", "trainer.devices=3", "run_dir=three")
    assert processes.codes() == [1, 1]
    words = "2 processes were started, but trainer.devices=3 and trainer.num_nodes=1 ask for 3"
    assert words in processes.said[0]


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [(), ("hydra/launcher=forked", "hydra.launcher.n_jobs=1")])
def test_the_cells_of_a_sweep_may_have_several_processes(launcher):
    ended = run("-m", "task=reward", "trainer=ddp", "seed=0,1", "sweep_dir=sweep", *launcher)
    assert ended.returncode == 0, ended.stderr
    assert_same_run("sweep/seed=0", "one")


@pytest.mark.slow
def test_processes_of_a_launcher_share_a_comparison(several, monkeypatch):
    """They train its stages, then sample and score; what they score has the bytes of one process."""
    monkeypatch.setattr("rmexp.verbs.comparing.scores.SHARD_RECORDS", 3)
    monkeypatch.setattr("rmexp.verbs.comparing.policies.SHARD_RECORDS", 2)
    monkeypatch.setattr("rmexp.selection.pool.SHARD_RESPONSES", 4)
    policies = ("policies.prompts=5", "policies.responses=1", "policies.best_of=2", "policies.max_new_tokens=4")
    own = ("compare", "data=json_vs_text", "data.pairs=60", "data.unseen_pairs=10", *MODEL[:3], *policies)
    stages = (f"{name}.trainer.max_epochs=1" for name in ("sft", "reward", "dpo"))
    said = finished(several(2, *own, *stages, "logger=csv", "trainer=ddp", "run_dir=run"))
    assert said.count("report       run/report.html") == 1
    assert {path.parent.name for path in Path("run").glob("*/summary.json")} == {"sft", "reward", "dpo"}
    given = ("model.reference=run/sft/model", "reward.path=run/reward/model", "dpo.path=run/dpo/model")
    given = (*own[:4], "trainer.threads=1", *policies, *given, "data.trained_on=keep", "logger=csv")
    assert main([*given, "run_dir=alone"]) == 0
    said = finished(several(2, *given, "run_dir=two"))  # nothing is trained that would have connected them
    assert said.count("report       two/report.html") == 1
    names = sorted(path.relative_to("alone") for path in Path("alone").glob("*/**/*.jsonl"))
    assert len(names) > 20
    monkeypatch.setattr(processes.subprocess, "Popen", forking(anew))  # nobody has started others
    monkeypatch.setattr("rmexp.scoring.shared_scoring.score_into", noted(score_into))
    assert main([*given, "trainer=ddp", "run_dir=started"]) == 0
    assert {"(0, 2)", "(1, 2)"} < set(Path("shares").read_text().splitlines())
    for name in names:
        for folder in ("two", "started"):
            assert Path(folder, name).read_bytes() == Path("alone", name).read_bytes()
    assert not [*Path(".").glob("*/scored/*.shards")]


def anew(arguments):
    """A command in a process that was forked off in the midst of another one."""
    GlobalHydra.instance().clear()
    return main(arguments)


def noted(score):
    """What scores a set of records, which notes whose share of them it does."""

    def scored(*arguments, share, **options):
        with Path("shares").open("a") as file:
            file.write(f"{share}\n")
        return score(*arguments, share=share, **options)

    return scored


@pytest.mark.slow
def test_several_processes_are_one_run_of_weights_and_biases(several, offline_run, monkeypatch):
    monkeypatch.delenv("WANDB_MODE")
    finished(several(2, "train", "task=reward", *SMALL, "trainer=ddp", "logger=wandb", "run_dir=run"))
    records = offline_run(Path("run"))
    found = [row["item"]["train/loss"] for row in records["history"] if "train/loss" in row["item"]]
    with Path("run/metrics.csv").open() as file:
        assert found == pytest.approx([float(row["train/loss"]) for row in csv.DictReader(file) if row["train/loss"]])
    assert [row["exit_code"] for row in records["exit"]] == [0]


def test_several_machines_need_a_launcher(capsys):
    assert main(["train", "task=reward", "trainer.num_nodes=2", *SMALL, "run_dir=run"]) == 1
    assert "torchrun --nnodes=2 --nproc_per_node=1" in capsys.readouterr().err
