"""A run that dies at any moment is finished by the same command, with the same bytes: see tests/faults.py."""

import contextlib
import functools
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.runs.folder import RunFolder
from rmexp.training.callbacks.checkpoints import DurableCheckpointIO
from rmexp.training.callbacks.saving import Saving

FAULTS = Path(__file__).parents[2] / "faults.py"
spec = importlib.util.spec_from_file_location("faults", FAULTS)
faults = importlib.util.module_from_spec(spec)
spec.loader.exec_module(faults)

ACCUMULATE, BF16 = "trainer.accumulate_grad_batches=2", "trainer.precision=bf16-mixed"


class Died(BaseException):
    """Stands for the end of the process: nothing that is written for errors catches it."""


def train(folder, overrides):
    with contextlib.chdir(folder):
        return main(["train", *overrides, *faults.SMALL, "run_dir=run"])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder in which a command was run once, to its end."""
    place = tmp_path_factory.mktemp("resume")
    faults.write_pairs(place / "pairs.jsonl", 30)  # 6 steps an epoch

    @functools.cache
    def run(overrides):
        folder = tempfile.mkdtemp(dir=place)
        assert train(folder, overrides) == 0
        return Path(folder)

    return run


@pytest.fixture
def dies(undisturbed, monkeypatch):
    """Runs a command that dies in a function, then to its end; what differs from a run that did not die."""

    def run(overrides, owner, name, fatal):
        whole = undisturbed(overrides)
        died = Path(tempfile.mkdtemp(dir=whole.parent))
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, fatal(getattr(owner, name)))
            with pytest.raises(Died):
                train(died, overrides)
        assert not (died / "run/summary.json").exists()
        assert train(died, overrides) == 0
        return faults.differences(whole / "run", died / "run")

    return run


def after_saving_step(step):
    def fatal(between):
        def die(self, trainer):
            between(self, trainer)
            if trainer.global_step == step:
                self._save(trainer)
                raise Died

        return die

    return fatal


@pytest.mark.parametrize(
    ("overrides", "step"),
    [
        pytest.param(("task=reward",), 1, marks=pytest.mark.slow),
        (("task=reward",), 6),  # the last of an epoch
        pytest.param(("task=reward",), 11, marks=pytest.mark.slow),
        pytest.param(("task=reward", "trainer.validate_every_steps=4"), 8, marks=pytest.mark.slow),
        (("task=reward", ACCUMULATE), 4),
        pytest.param(("task=reward", BF16), 5, marks=pytest.mark.slow),
        (("task=sft",), 9),
        (("task=dpo",), 7),
    ],
)
def test_after_any_step(dies, overrides, step):
    assert dies(overrides, Saving, "_between", after_saving_step(step)) == []


def test_before_the_first_checkpoint(dies):
    def fatal(between):
        def die(self, trainer):
            if trainer.global_step == 3:
                raise Died

        return die

    assert dies(("task=reward",), Saving, "_between", fatal) == []


def test_while_a_checkpoint_is_written(dies):
    def fatal(save):
        def die(self, checkpoint, path, **options):
            if checkpoint["global_step"] == 12:
                Path(path).with_name(".last.ckpt.tornfile").write_bytes(b"half")
                raise Died
            save(self, checkpoint, path, **options)

        return die

    assert dies(("task=reward",), DurableCheckpointIO, "save_checkpoint", fatal) == []


@pytest.mark.parametrize("name", ["validation_step", pytest.param("on_validation_epoch_end", marks=pytest.mark.slow)])
def test_while_validation_runs(dies, name):
    from rmexp.training.reward import RewardModule

    def fatal(method):
        def die(self, *args):
            if self.global_step == 12:
                raise Died
            return method(self, *args)

        return die

    assert dies(("task=reward",), RewardModule, name, fatal) == []


def dead(function):
    def die(*args, **options):
        raise Died

    return die


@pytest.mark.parametrize(
    ("module", "name"),
    [("rmexp.models.folders.folder", "folder_fingerprint"), ("rmexp.stages.held_out", "write_pairs")],
)
def test_while_final_files_are_written(dies, module, name):
    assert dies(("task=reward",), sys.modules[module], name, dead) == []


def test_before_the_summary(dies):
    assert dies(("task=reward",), RunFolder, "finish", dead) == []


@pytest.mark.parametrize(
    ("cases", "runs"),
    [(["reward"], 1), pytest.param(["reward-accumulation", "sft", "dpo"], 3, marks=pytest.mark.slow)],
)
def test_processes_that_are_really_killed(cases, runs):
    command = [
        sys.executable,
        str(FAULTS),
        "--faults",
        str(runs),
        "--seconds",
        "3600",
        "--seed",
        "3",
        "--cases",
        *cases,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = done.stdout.splitlines()[-len(cases) :]
    assert [row.split(" | ")[0] for row in table] == [f"| {case}" for case in cases]
    assert all(row.endswith("| 1 | 1 |") for row in table)
