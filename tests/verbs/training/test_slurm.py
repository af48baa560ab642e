"""Processes that srun has started: by the variables that it sets, and by srun itself where there is one."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from rmexp.cli import main

DATA = ["data=jsonl", "data.path=pairs.jsonl", "data.val_fraction=0.25", "data.batch_pairs=11"]
MODEL = ["model.hidden_size=16", "model.vocabulary=300", "trainer.threads=1"]
SMALL = ["task=reward", *DATA, *MODEL, "logger=csv", "callbacks.saving.every_seconds=0"]
TWO = ["trainer=ddp", "trainer.devices=2"]


@pytest.fixture(autouse=True)
def pairs(here):
    rows = [{"prompt": f"Question {i}?", "chosen": f"yes {i} " * (1 + i % 5), "rejected": f"no {i}"} for i in range(32)]
    Path("pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))


def weights(folder):
    return {name: tensor.tolist() for name, tensor in load_file(Path(folder, "model", "model.safetensors")).items()}


def test_its_variables_alone_make_one_run(several):
    own = ("train", *SMALL, *TWO)
    for launcher in ("torchrun", "srun"):
        processes = several(2, *own, f"run_dir={launcher}", launcher=launcher)
        assert not any(processes.codes()), "".join(processes.said)
        assert processes.said[0].count("run folder   srun") == (launcher == "srun")
    assert weights("srun") == weights("torchrun")
    processes = several(2, "score", "scorer.path=srun/model", *DATA[:2], "run_dir=scored", launcher="srun")
    assert not any(processes.codes()), "".join(processes.said)


@pytest.mark.slow
def test_several_machines_come_to_the_bytes_of_one(several, monkeypatch):
    """Lightning would give the process of each machine all of its processors."""
    monkeypatch.setattr(
        "lightning.fabric.utilities.distributed._suggested_max_num_threads", lambda processes: 4 // processes**2
    )
    one = several(2, "train", *SMALL, *TWO, "run_dir=one", launcher="srun")
    assert not any(one.codes()), "".join(one.said)
    two = several(
        2,
        "train",
        *SMALL,
        "trainer=ddp",
        "trainer.devices=1",
        "trainer.num_nodes=2",
        "run_dir=two",
        launcher="machines",
    )
    assert not any(two.codes()), "".join(two.said)
    assert weights("two") == weights("one")


def test_a_script_of_sbatch_is_alone_and_starts_the_others_itself(monkeypatch, capsys):
    for name, value in {"NTASKS": "2", "PROCID": "0", "LOCALID": "0", "NODEID": "0", "JOB_ID": "12"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert main(["train", *SMALL, "run_dir=one"]) == 0, capsys.readouterr().err


def test_another_number_of_tasks_is_told_once(several):
    processes = several(3, "train", *SMALL, *TWO, "run_dir=run", launcher="srun")
    assert processes.codes() == [1, 1, 1]
    words = "3 processes were started, but trainer.devices=2 and trainer.num_nodes=1 ask for 2"
    assert [words in said for said in processes.said] == [True, False, False]


def srun(*arguments, tasks=2):
    return ["srun", "--kill-on-bad-exit=1", f"--ntasks={tasks}", sys.executable, "-m", "rmexp", *arguments]


@pytest.fixture
def cluster():
    """Skips where no SLURM answers here."""
    if shutil.which("srun") is None:
        pytest.skip("srun is not installed")
    try:
        subprocess.run(["srun", "--ntasks=2", "--immediate=10", "true"], check=True, capture_output=True, timeout=30)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("srun is installed, but no SLURM gives it two tasks")


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["ddp", "fsdp"])
def test_srun_starts_the_processes_of_a_run(cluster, trainer):
    own = ("train", *SMALL, f"trainer={trainer}", "trainer.devices=2")
    ended = subprocess.run(srun(*own, "run_dir=two"), capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("run folder   two") == 1
    ended = subprocess.run([sys.executable, "-m", "rmexp", *own, "run_dir=own"], check=False, timeout=300)
    assert ended.returncode == 0
    assert weights("two") == weights("own")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_to_a_step_leaves_a_run_that_goes_on(cluster, number):
    own = ("train", *SMALL, *TWO, "trainer.max_epochs=60")
    subprocess.run([sys.executable, "-m", "rmexp", *own, "run_dir=whole"], check=True, timeout=300)
    process = subprocess.Popen(srun(*own, "run_dir=run"), stderr=subprocess.PIPE, text=True)
    while not Path("run/checkpoints/last.ckpt").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    steps = subprocess.run(["squeue", "--steps", "--noheader", "--format=%i %u"], capture_output=True, text=True)
    (step,) = {line.split()[0] for line in steps.stdout.splitlines() if ".0 " in line}
    subprocess.run(["scancel", f"--signal={number.name[3:]}", step], check=True)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130, words
    assert f"{number.name} after step" in words
    assert subprocess.run(srun(*own, "run_dir=run"), check=False, timeout=300).returncode == 0
    assert weights("run") == weights("whole")


@pytest.mark.slow
def test_a_task_that_is_killed_ends_the_others_in_words(cluster):
    own = srun("train", *SMALL, *TWO, "trainer.max_epochs=4000", "run_dir=run")
    process = subprocess.Popen(own, stderr=subprocess.PIPE, text=True)
    while not Path("run/checkpoints/last.ckpt").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            here = (folder / "cwd").resolve() == Path.cwd()
        except OSError:
            continue
        if here and b"SLURM_PROCID=1" in environment:
            os.kill(int(folder.name), signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert not Path("run/summary.json").exists()
