"""A step as a CUDA device would compute it, with tensors that have a device, a type and a shape, but no numbers.

So nothing can ask for a number of them. What goes there must come from pinned memory, and nobody may wait for it. A
build of torch without CUDA keeps no graph of such tensors: the gradient of each of our functions is asked for where it
is called.
"""

import copy
from collections import Counter
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch
from tests.training.test_step_guard import Net
from torch import Tensor
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensor, FakeTensorMode
from torch.nn import Parameter
from torch.overrides import TorchFunctionMode
from torchmetrics import Metric

from rmexp.encoding.pack import pair_batch
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.losses.dpo import dpo_loss
from rmexp.losses.token_logprobs import TokenLogprobs
from rmexp.metrics.pair_figures import PairFigures
from rmexp.models.actor_critic import ActorCritic
from rmexp.models.attention import choose
from rmexp.models.attention.flash import FlashKernel
from rmexp.models.attention.lean_operations import AddRMSNorm, RMSNorm, SwiGLU
from rmexp.models.attention.merged_attention import MergedAttention
from rmexp.models.attention.packed_attention import PackedAttention
from rmexp.models.attention.packed_rows import packed_states
from rmexp.models.attention.rotary import Rotation
from rmexp.models.likelihood import Likelihood
from rmexp.models.reward_model import RewardModel
from rmexp.training.optimization import clip_gradients
from rmexp.training.step_guard import StepGuard

GPU = torch.device("cuda", 0)
DENSE = torch.contiguous_format
OURS = (MergedAttention, PackedAttention, AddRMSNorm, RMSNorm, SwiGLU, Rotation, TokenLogprobs)


class OnGPU(TorchFunctionMode):
    """Makes what is made on a GPU, or goes there, a tensor without numbers."""

    def __init__(self, fakes):
        super().__init__()
        self.fakes, self.sent, self.gradients = fakes, 0, Counter()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is Tensor.pin_memory:
            pinned = args[0].clone()
            pinned.is_pinned_here = True
            return pinned
        if isinstance(args[0] if args else None, FakeTensor) and function in GUARDED:
            return GUARDED[function](*args, **kwargs)
        places = [str(place) for place in (*args[1:], *kwargs.values()) if isinstance(place, str | torch.device)]
        if not any(place.startswith("cuda") for place in places):
            return function(*args, **kwargs)
        if function is Tensor.to and not isinstance(args[0], FakeTensor):
            assert getattr(args[0], "is_pinned_here", False), "the host waits for memory that is not pinned"
            assert kwargs["non_blocking"]
            self.sent += 1
            return there(self.fakes, args[0])
        with self.fakes:
            return function(*args, **kwargs)


def indexed(tensor, index, value=None):
    """What brackets do."""
    place, by_tensor = 0, {}
    parts = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in [part for part in parts if not isinstance(part, Tensor)]:
        at = next(number for number, part in enumerate(parts) if part is Ellipsis)
        real = sum(part is not None and part is not Ellipsis for part in parts)
        parts[at : at + 1] = [slice(None)] * (tensor.dim() - real)
    for part in parts:
        if part is None:
            tensor = torch.ops.aten.unsqueeze(tensor, place)
        elif isinstance(part, int):
            tensor = torch.ops.aten.select.int(tensor, place, part)
            continue
        elif isinstance(part, slice):
            tensor = torch.ops.aten.slice.Tensor(tensor, place, part.start, part.stop, part.step or 1)
        else:
            assert part.dtype != torch.bool, "how many a mask finds is waited for"
            by_tensor[place] = part
        place += 1
    places = [by_tensor.get(at) for at in range(max(by_tensor, default=-1) + 1)]
    if value is None:
        return torch.ops.aten.index.Tensor(tensor, places) if places else tensor
    if places:
        return torch.ops.aten.index_put_(tensor, places, value)
    return torch.ops.aten.copy_(tensor, value) if isinstance(value, Tensor) else torch.ops.aten.fill_(tensor, value)


# Methods of tensors that ask for the current device, which a build of torch without CUDA has not.
GUARDED = {
    Tensor.__getitem__: indexed,
    Tensor.__setitem__: indexed,
    Tensor.__invert__: torch.bitwise_not,
    Tensor.contiguous: lambda tensor: tensor if tensor.is_contiguous() else torch.clone(tensor, memory_format=DENSE),
}


def there(fakes, tensor):
    """Like a tensor, on a GPU, without numbers."""
    with fakes:
        return fakes.from_tensor(tensor).to(GPU)


def send(module, moved):
    """Put what a module holds on a GPU; nothing of it learns there."""
    for part in module.modules():
        if isinstance(part, Metric):
            part._apply(moved)
        part._parameters |= {
            name: Parameter(moved(held), False) for name, held in part._parameters.items() if isinstance(held, Tensor)
        }
        part._buffers |= {name: moved(held) for name, held in part._buffers.items() if isinstance(held, Tensor)}


@pytest.fixture
def gpu(monkeypatch):
    """A GPU of today, whose flash kernel is right."""
    monkeypatch.setattr(choose.torch.cuda, "get_device_capability", lambda: (9, 0))
    monkeypatch.setattr(choose, "_failure", lambda *_: None)

    @contextmanager
    def pretended(module, precision):
        fakes = FakeTensorMode()
        if precision == "bf16-true":
            module.to(torch.bfloat16)
        send(module, lambda tensor: there(fakes, tensor.detach()))
        before = torch.get_autocast_dtype("cuda")
        torch.set_autocast_enabled("cuda", precision == "bf16-mixed")
        torch.set_autocast_dtype("cuda", torch.bfloat16)
        try:
            with torch.no_grad(), monkeypatch.context() as patch, OnGPU(fakes) as mode:
                for function in OURS:
                    patch.setattr(function, "apply", with_gradient(function, mode.gradients))
                yield mode
        finally:
            torch.set_autocast_enabled("cuda", False)
            torch.set_autocast_dtype("cuda", before)

    return pretended


class Context(SimpleNamespace):
    """What a function keeps for its gradient."""

    def save_for_backward(self, *tensors):
        self.saved_tensors = tensors


def with_gradient(function, counts):
    """The function, which computes its gradient at once, as if the next one had given it one."""

    def apply(*arguments):
        context = Context(needs_input_grad=[isinstance(argument, Tensor) for argument in arguments])
        given = function.forward(context, *arguments)
        outputs = given if isinstance(given, tuple) else (given,)
        half = torch.is_autocast_enabled("cuda")
        torch.set_autocast_enabled("cuda", False)  # as where gradients are computed
        gradients = function.backward(context, *map(torch.empty_like, outputs))
        torch.set_autocast_enabled("cuda", half)
        for argument, gradient in zip(arguments, gradients, strict=True):
            if gradient is not None:
                assert (gradient.device, gradient.shape) == (GPU, argument.shape), function
                assert gradient.dtype == argument.dtype, function
                counts[function.__name__] += 1
        return given

    return apply


@pytest.fixture
def asked(monkeypatch):
    """How often the flash kernel was asked, forward and back."""
    counts = {"forward": 0, "backward": 0}
    for name in counts:
        method = getattr(FlashKernel, name)

        def counted(self, *arguments, method=method, name=name):
            counts[name] += 1
            return method(self, *arguments)

        monkeypatch.setattr(FlashKernel, name, counted)
    return counts


@pytest.fixture
def fresh(tiny_model):
    return copy.deepcopy(tiny_model.causal_lm)


@pytest.fixture
def three():
    """Three pairs, two of them to one prompt."""
    prompt, other = tuple(range(10, 21)), tuple(range(30, 34))
    sides = [(prompt, (3, 4, 5), (6, 7)), (prompt, (8,), (9, 10, 11, 12)), (other, (13, 14), (13, 15))]
    return pair_batch(
        [PairTokens(*(ResponseTokens(start + side, len(start), False) for side in both), 1.0) for start, *both in sides]
    )


def rewards(causal_lm):
    model = RewardModel(causal_lm.base_model, layout="packed")

    def loss(batch):
        return bradley_terry_loss(*batch.pairing.sides(model(batch.responses)), target=batch.pairing.target).mean()

    return model, loss


def rewards_by_transformers_layers(causal_lm):
    model, loss = rewards(causal_lm)
    model.states.function = packed_states
    return model, loss


def values(causal_lm):
    actor = ActorCritic(causal_lm, None, "packed")
    return actor, lambda batch: actor(batch.responses, width=8).sum()


def log_probabilities(causal_lm):
    likelihood = Likelihood(causal_lm, "packed")

    def loss(batch):
        sides = batch.pairing.sides(likelihood.response(batch.responses))
        return dpo_loss(*sides, *(side.detach() for side in sides), beta=0.1).losses.mean()

    return causal_lm, loss


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "bf16-true"])
@pytest.mark.parametrize("task", [values, rewards_by_transformers_layers])
def test_other_ways_compute_there_too(fresh, gpu, three, task, precision):
    model, figure_of = task(fresh)
    with gpu(model, precision) as mode:
        figure = figure_of(three.to(GPU))
        assert (figure.device, figure.dtype) == (GPU, torch.float32)
        assert mode.sent > 5


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "bf16-true"])
@pytest.mark.parametrize("task", [rewards, log_probabilities])
def test_a_step_computes_all_on_the_device_and_asks_for_nothing(fresh, gpu, asked, three, task, precision):
    model, loss_of = task(fresh)
    net, model.figures = Net(StepGuard()), PairFigures()  # which move as those of a module do
    with gpu(model, precision) as mode:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
        for _ in range(2):
            loss = loss_of(three.to(GPU))
            assert loss.device == GPU
            assert loss.dtype == torch.float32
            for weights in model.parameters():
                weights.grad = torch.empty_like(weights)
            model.figures.update(loss[None], *torch.empty(3, 2, device=GPU))
            net.guard.add(loss)
            clip_gradients(net, optimizer, 1.0, None)
            optimizer.step()
    half, layers = precision != "32-true", len(fresh.base_model.layers)
    assert asked["forward"] == asked["backward"] == (2 * 2 * layers if half else 0)  # own tokens, and shared ones
    assert mode.gradients["MergedAttention" if half else "PackedAttention"] == 2 * 3 * layers
    assert mode.gradients["SwiGLU"] == 2 * 2 * layers
    assert mode.sent > 10


def test_what_waits_is_noticed(fresh, gpu, three):
    model, _ = rewards(fresh)
    with gpu(model, "bf16-true"):
        found = model(three.responses.to(GPU))
        for wait in (found.tolist, found.sum().item, lambda: bool(found.sum() > 0)):
            with pytest.raises(DataDependentOutputException):
                wait()
        with pytest.raises(AssertionError, match="waited for"):
            found[found > 0]
        with pytest.raises(AssertionError, match="not pinned"):
            torch.zeros(3).to(GPU)
