"""A step never waits for the device: no value of it is asked for before the log, or a validation, needs one.

Here all is on the processor. A tensor that counts as being elsewhere refuses whatever would have to wait for it.
"""

from collections import Counter

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rmexp.cli import main
from rmexp.encoding.batches import ResponseBatch
from rmexp.models.actor_critic import ActorCritic
from rmexp.models.attention.packed_rows import packed_states
from rmexp.models.attention.row_parts import in_parts
from rmexp.models.likelihood import Likelihood
from rmexp.models.reward_model import RewardModel
from rmexp.training.callbacks.progress import Progress

WAITING = {
    *("item", "tolist", "cpu", "numpy", "nonzero", "masked_select", "equal", "unique", "argwhere"),
    *("__bool__", "__int__", "__float__", "__index__"),
}
FIRST, LAST = 5, 15


class Elsewhere(Tensor):
    """A tensor on a device that nobody may wait for; so is what is computed with it."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        mask = function is Tensor.__getitem__ and isinstance(args[0], cls) and _has_mask(args[1])
        if function.__name__ in WAITING or mask:
            raise AssertionError(f"{function.__name__} waits for the device")
        return super().__torch_function__(function, types, args, kwargs or {})


def _has_mask(index):
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, Tensor) and part.dtype == torch.bool for part in parts)


@pytest.fixture
def elsewhere(batch) -> ResponseBatch:
    rows = {name: getattr(batch, name).as_subclass(Elsewhere) for name in ("token_ids", "position_ids")}
    return batch._replace(**rows)


def test_what_waits_is_noticed():
    there = torch.arange(3).as_subclass(Elsewhere) + 1
    for wait in (there.tolist, there.cpu, there.sum().item, lambda: there[there > 1], lambda: bool(there.sum() > 1)):
        with pytest.raises(AssertionError, match="waits for the device"):
            wait()


@pytest.mark.parametrize("way", ["packed", "packed by transformers' layers", "padded", "in parts"])
def test_rewards_wait_for_nothing(tiny_model, elsewhere, way):
    model = RewardModel(tiny_model.causal_lm.base_model, layout="padded" if way == "padded" else "packed")
    if "transformers" in way:
        model.states.function = packed_states
    rewards = in_parts(model, elsewhere, 16 if way == "in parts" else None)
    assert isinstance(rewards, Elsewhere)
    rewards.square().sum().backward()
    assert model.head.weight.grad is not None


@pytest.mark.parametrize("layout", ["packed", "padded"])
def test_log_probabilities_and_values_wait_for_nothing(tiny_model, elsewhere, layout):
    likelihood = Likelihood(tiny_model.causal_lm, layout)
    assert likelihood.prompt_and_response(elsewhere).shape == (4, 2)
    actor = ActorCritic(tiny_model.causal_lm, None, layout)
    assert actor(elsewhere, width=8).shape == (4, 8, 2)


@pytest.mark.parametrize("task", [pytest.param("sft", marks=pytest.mark.slow), "reward", "dpo"])
def test_steps_between_two_lines_of_the_log_ask_for_no_value(here, monkeypatch, task):
    steps, asked = [0], Counter()
    noted = Progress.on_train_batch_end

    def counted(self, *rest):
        noted(self, *rest)
        steps[0] += 1

    class Watching(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            if FIRST <= steps[0] < LAST:
                asked[str(function)] += 1
            return function(*args, **(kwargs or {}))

    monkeypatch.setattr(Progress, "on_train_batch_end", counted)
    small = ["data=json_vs_text", "data.pairs=60", "model=tiny", "data.batch_pairs=2"]
    length = [f"trainer.max_steps={LAST + 1}", "trainer.max_epochs=9", "trainer.log_every_n_steps=100"]
    with Watching():
        assert main(["train", f"task={task}", *small, *length, "logger=csv", "run_dir=run"]) == 0
    assert asked["aten.mm.default"] > 10 * (LAST - FIRST)
    assert asked["aten._local_scalar_dense.default"] == 0
