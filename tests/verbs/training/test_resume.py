"""A run that dies at any moment is finished by the same command, with the same bytes: see tests/programs/faults.py."""

import contextlib
import functools
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch
from tests.programs import faults

from rmexp.cli import main
from rmexp.models.folders.folder import load_reward_model
from rmexp.runs.folder import RunFolder
from rmexp.runs.summaries.file import read_summary
from rmexp.runs.summaries.train import TrainSummary
from rmexp.tracking.metrics_csv import read_metrics
from rmexp.training.callbacks.checkpoints import DurableCheckpointIO, step_of
from rmexp.training.callbacks.kept import Kept
from rmexp.training.callbacks.saving import Saving

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


def dead(function):
    def die(*args, **options):
        raise Died

    return die


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
        pytest.param(("task=sft",), 9, marks=pytest.mark.slow),
        pytest.param(("task=dpo",), 7, marks=pytest.mark.slow),
        (("task=reward", *faults.STOPS), 15),  # between the kept one and the last
        pytest.param(("task=dpo", *faults.STOPS), 15, marks=pytest.mark.slow),
    ],
)
def test_after_any_step(dies, overrides, step):
    assert dies(overrides, Saving, "_between", after_saving_step(step)) == []


def test_a_run_that_is_stopped_early_keeps_what_it_kept(undisturbed):
    folder = undisturbed(("task=reward", *faults.STOPS)) / "run"
    summary = read_summary(folder, TrainSummary)
    kept = summary.kept
    assert (kept.step, kept.last_step, kept.validations, kept.stopped) == (6, 18, 3, True)
    assert (summary.steps, kept.last.step, kept.last.accuracy) == (18, 18, 1.0)
    assert [step_of(folder / "checkpoints" / name) for name in ("best.ckpt", "last.ckpt")] == [6, 18]
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == ["best.ckpt", "last.ckpt"]
    for name, model in (("best.ckpt", "model"), ("last.ckpt", "last_model")):
        state = torch.load(folder / "checkpoints" / name, weights_only=True)["state_dict"]
        weights = load_reward_model(str(folder / model))[0].state_dict()
        assert all(torch.equal(value, state[f"model.{key}"]) for key, value in weights.items())
    rows = {int(row["step"]): row for row in read_metrics(folder / "metrics.csv") if row["val/loss"]}
    assert summary.val.loss == pytest.approx(float(rows[6]["val/loss"]))
    assert summary.val.selected_on
    assert [row.selected_on for row in summary.evaluation] == [True] * len(summary.evaluation)
    assert summary.evaluation[0].nll == pytest.approx(summary.val.loss, rel=1e-5)  # final scores are of them, too
    assert kept.last.loss == pytest.approx(float(rows[18]["val/loss"])) != summary.val.loss


@pytest.mark.parametrize("step", [6, pytest.param(18, marks=pytest.mark.slow)])
def test_after_a_validation_has_decided(dies, step):
    def fatal(decide):
        def die(self, trainer, module):
            decide(self, trainer, module)
            if trainer.global_step == step:
                raise Died

        return die

    assert dies(("task=reward", *faults.STOPS), Kept, "on_validation_end", fatal) == []


def test_while_the_last_weights_make_way(dies):
    assert dies(("task=reward", *faults.STOPS), sys.modules["rmexp.stages.kept"], "is_intact", dead) == []


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


@pytest.mark.parametrize(
    ("module", "name"),
    [
        pytest.param("rmexp.models.folders.folder", "folder_fingerprint", marks=pytest.mark.slow),
        ("rmexp.stages.held_out", "write_pairs"),
    ],
)
def test_while_final_files_are_written(dies, module, name):
    assert dies(("task=reward",), sys.modules[module], name, dead) == []


def test_before_the_summary(dies):
    assert dies(("task=reward",), RunFolder, "finish", dead) == []


def test_a_process_that_is_really_killed(here):
    """Forked from this one, which has imported everything."""
    faults.write_pairs(Path("pairs.jsonl"))
    case = faults.CASES[0]
    fault = faults.killed(case, faults.undisturbed(case), random.Random(3))
    assert len(fault.moments) in (1, 2, 3)
    assert fault.differences == ()


@pytest.mark.slow
def test_processes_that_are_really_killed():
    cases = ["reward-accumulation", "sft", "dpo"]
    command = [sys.executable, faults.__file__, "--faults", "3", "--seconds", "3600", "--seed", "3", "--cases", *cases]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = done.stdout.splitlines()[-len(cases) :]
    assert [row.split(" | ")[0] for row in table] == [f"| {case}" for case in cases]
    assert all(row.endswith("| 1 | 1 |") for row in table)
