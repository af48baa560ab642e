"""What only a CUDA device shows: run by `make test-gpu` or benchmarks/gpu.sh."""

import copy

import pytest
import torch

from rmexp.cli import main
from rmexp.models.backbones.four_bit import FourBitLinear
from rmexp.models.reward_model import RewardModel
from rmexp.training.callbacks.progress import Progress

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]
SMALL = ["data.pairs=60", "data.unseen_pairs=20", "trainer=gpu", "logger=csv"]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 3e-2)])
def test_rewards_and_gradients_are_those_of_transformers(tiny_model, responses, batch, plain, dtype, tolerance):
    found = {}
    for layout in ("packed", "padded"):
        torch.manual_seed(0)
        model = RewardModel(copy.deepcopy(tiny_model.causal_lm.base_model).to("cuda", dtype), layout=layout).cuda()
        rewards = model(batch.to("cuda"))
        rewards.square().sum().backward()
        gradients = torch.cat([p.grad.flatten().float() for p in model.parameters() if p.grad is not None])
        found[layout] = rewards.detach().cpu(), gradients.cpu()
    for ours, theirs in zip(*found.values(), strict=True):
        assert (ours - theirs).abs().max() <= tolerance * theirs.abs().max()


@pytest.mark.parametrize("task", ["sft", "reward", "dpo"])
def test_every_stage_trains_without_a_compiler(here, task):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    assert main(["train", f"task={task}", *SMALL, "run_dir=run"]) == 0
    assert not torch._dynamo.utils.counters["stats"]


@pytest.mark.parametrize("task", ["sft", "reward", "dpo"])
def test_steps_wait_for_nothing(here, monkeypatch, task):
    noted = Progress.on_train_batch_end

    def watched(self, trainer, *rest):
        noted(self, trainer, *rest)
        torch.cuda.set_sync_debug_mode("error" if 5 <= trainer.global_step < 20 else "default")

    monkeypatch.setattr(Progress, "on_train_batch_end", watched)
    length = ["data.batch_pairs=2", "trainer.max_steps=22", "trainer.log_every_n_steps=100"]
    assert main(["train", f"task={task}", *SMALL, *length, "run_dir=run"]) == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_layer_in_4_bits_computes_as_a_plain_one_with_its_weights(dtype):
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is large: the extra 4bit")
    torch.manual_seed(0)
    layer = FourBitLinear(torch.nn.Linear(96, 33).to(dtype), dtype).cuda()
    assert torch.equal(layer.weight.cpu(), layer.cpu().weight)  # on either device the same numbers
    layer, hidden = layer.cuda(), torch.randn(5, 96, device="cuda", dtype=dtype, requires_grad=True)
    for found, expected in zip(*(_output_and_gradient(one, hidden) for one in (layer, layer.plain())), strict=True):
        torch.testing.assert_close(found, expected)


def _output_and_gradient(layer, hidden):
    output = layer(hidden)
    return output, torch.autograd.grad(output.float().square().sum(), hidden)[0]


@pytest.mark.parametrize("task", ["sft", "reward", "dpo"])
def test_every_stage_trains_on_a_base_in_4_bits(here, task):
    for package in ("peft", "bitsandbytes"):
        pytest.importorskip(package, reason="the extra 4bit is not installed")
    assert main(["train", f"task={task}", "model.load=4bit", "model.trained=adapters", *SMALL, "run_dir=run"]) == 0


def test_policies_learn_from_their_samples(here):
    own = ["scorer=baseline", "rollouts.iterations=2", "rollouts.samples=16", "rollouts.evaluation_samples=16"]
    assert main(["train", "task=ppo", *own, *SMALL, "run_dir=run"]) == 0


def test_memory_does_not_grow(here):
    assert main(["train", "task=reward", *SMALL, "trainer.max_epochs=2", "run_dir=short"]) == 0
    before = torch.cuda.memory_allocated()
    assert main(["train", "task=reward", *SMALL, "trainer.max_epochs=6", "run_dir=long"]) == 0
    assert torch.cuda.memory_allocated() <= before + 2**20
