"""Whole runs on a CUDA device: run by `make test-gpu` or benchmarks/gpu.sh."""

import signal

import pytest
import torch
from safetensors.torch import load_file
from tests.gpu.device import ON_GPU, SMALL, marks, of_a_gpu

from rmexp.cli import main
from rmexp.training.callbacks.progress import Progress
from rmexp.training.callbacks.saving import Saving

pytestmark = marks
SHORT = [*SMALL, "trainer.max_steps=6"]


@pytest.mark.parametrize("task", ["sft", "reward", "dpo"])
def test_every_stage_trains_without_a_compiler(here, task):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    assert main(["train", f"task={task}", *SMALL, "run_dir=run"]) == 0
    assert not torch._dynamo.utils.counters["stats"]


@of_a_gpu
@pytest.mark.parametrize("task", ["sft", "reward", "dpo"])
def test_steps_wait_for_nothing(here, monkeypatch, task):
    noted = Progress.on_train_batch_end

    def watched(self, trainer, *rest):
        noted(self, trainer, *rest)
        torch.cuda.set_sync_debug_mode("error" if 5 <= trainer.global_step < 20 else "default")

    monkeypatch.setattr(Progress, "on_train_batch_end", watched)
    length = ["data.batch_pairs=2", "trainer.max_steps=22", "trainer.log_every_n_steps=100"]
    try:
        assert main(["train", f"task={task}", *SMALL, *length, "run_dir=run"]) == 0
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("precision", ["32-true", "bf16-true", pytest.param("16-mixed", marks=of_a_gpu)])
def test_every_precision_trains(here, precision):
    assert main(["train", f"trainer.precision={precision}", *SHORT, "run_dir=run"]) == 0


@pytest.mark.parametrize("optimizer", ["sgd", "adafactor", "muon", "adamw_8bit", "adamw_paged"])
def test_every_optimizer_trains(here, optimizer):
    needed = {"adamw_8bit": "torchao", "adamw_paged": "bitsandbytes"}.get(optimizer)
    if needed is not None:
        pytest.importorskip(needed, reason=f"the extra {optimizer} is not installed")
    assert main(["train", f"optimizer={optimizer}", "optimizer.lr=1e-4", *SHORT, "run_dir=run"]) == 0


@pytest.mark.parametrize("task", ["sft", "reward", "dpo"])
def test_every_stage_trains_on_a_base_in_4_bits(here, task):
    for package in ("peft", "bitsandbytes"):
        pytest.importorskip(package, reason="the extra 4bit is not installed")
    assert main(["train", f"task={task}", "model.load=4bit", "model.trained=adapters", *SHORT, "run_dir=run"]) == 0


@pytest.mark.parametrize("task", ["reward", "dpo"])
def test_a_model_that_is_shared_out_to_one_device_trains(here, task):
    placed = "trainer.accelerator=gpu" if ON_GPU else "trainer.accelerator=cpu"
    own = [placed, "trainer.devices=1", "trainer.max_steps=6", "trainer.precision=bf16-mixed"]
    assert main(["train", f"task={task}", *SMALL[:-1], "trainer=fsdp", *own, "run_dir=run"]) == 0


def test_policies_learn_from_their_samples(here):
    own = ["scorer=baseline", "rollouts.iterations=2", "rollouts.samples=16", "rollouts.evaluation_samples=16"]
    assert main(["train", "task=ppo", *own, *SMALL, "run_dir=run"]) == 0


def test_a_run_that_was_interrupted_goes_on(here, monkeypatch):
    """To the same weights but for the order of sums, which atomic additions leave open."""
    own = ["train", *SMALL, "data.batch_pairs=4"]
    assert main([*own, "run_dir=whole"]) == 0
    between = Saving._between

    def interrupt(self, trainer):
        between(self, trainer)
        if trainer.global_step == 7:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Saving, "_between", interrupt)
        assert main([*own, "run_dir=parts"]) == 130
    assert main([*own, "run_dir=parts"]) == 0
    whole, parts = (load_file(here / name / "model" / "model.safetensors") for name in ("whole", "parts"))
    for name, weights in whole.items():
        assert (parts[name] - weights).norm() <= 5e-2 * weights.norm(), name


def test_every_verb_runs(here, parity_here):
    """Training and profiling aside: the first has tests of its own, the second needs no model."""
    data = [*SMALL[:2], "logger=csv"]
    assert main(["train", *SHORT, "run_dir=rm"]) == 0
    assert main(["train", "task=sft", *SHORT, "run_dir=sft"]) == 0
    assert main(["train", "task=dpo", "model.reference=sft/model", *SHORT, "run_dir=dpo"]) == 0
    scored = [*data, "scorer.path=rm/model"]
    assert main(["score", *scored, "run_dir=score"]) == 0
    policy = [
        "+scorer@scorers.policy=implicit",
        "scorers.policy.policy=dpo/model",
        "scorers.policy.reference=sft/model",
    ]
    assert main(["evaluate", *scored, *policy, "run_dir=evaluate"]) == 0
    assert main(["inspect", *scored, "pairs=8", "traced=1", "learning.steps=3", "run_dir=inspect"]) == 0
    assert main(["filter", *data, "scorer=explicit", "scorer.path=rm/model", "run_dir=filter"]) == 0
    drawn = ["candidates.policy=sft/model", "candidates.n=4", "candidates.prompts=6", "candidates.max_new_tokens=8"]
    assert main(["best-of-n", *scored, *drawn, "run_dir=best"]) == 0
    assert main(["export", "path=rm", "out=exported", "run_dir=export"]) == 0
    given = ["model.reference=sft/model", "reward.path=rm/model", "dpo.path=dpo/model", "shift_pairs=8"]
    sampled = ["policies.prompts=4", "policies.responses=2", "policies.best_of=2", "policies.max_new_tokens=8"]
    assert main(["compare", *SMALL, *given, *sampled, "run_dir=compare"]) == 0
    assert main(["report", "rm"]) == 0


@of_a_gpu
def test_memory_does_not_grow(here):
    assert main(["train", "task=reward", *SMALL, "trainer.max_epochs=2", "run_dir=short"]) == 0
    before = torch.cuda.memory_allocated()
    assert main(["train", "task=reward", *SMALL, "trainer.max_epochs=6", "run_dir=long"]) == 0
    assert torch.cuda.memory_allocated() <= before + 2**20
