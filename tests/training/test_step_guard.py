"""Steps that are not finite: noticed, left out to the bit, counted; the others are as without a guard."""

import copy
import math
from functools import partial
from types import SimpleNamespace

import lightning as L
import pytest
import torch

from rmexp.training.optimization import clip_gradients
from rmexp.training.step_guard import BadSteps, StepGuard, nonfinite_weights

FUSED = partial(torch.optim.AdamW, lr=0.1, fused=True)
PLAIN = partial(torch.optim.AdamW, lr=0.1, fused=False)
MOMENTUM = partial(torch.optim.SGD, lr=0.1, momentum=0.9)


class Net(L.LightningModule):
    """Two weights; its trainer and its step are set by hand."""

    def __init__(self, guard):
        super().__init__()
        self.first, self.second = (torch.nn.Parameter(torch.tensor([1.0, 2.0]) * factor) for factor in (1, 3))
        object.__setattr__(self, "guard", guard)
        self.done = 0
        alone = SimpleNamespace(reduce=lambda bad, reduce_op: bad)
        object.__setattr__(self, "_trainer", SimpleNamespace(strategy=alone, precision_plugin=None))

    trainer = property(lambda self: self._trainer)
    global_step = property(lambda self: self.done)

    def step(self, optimizer, factor, limit=None, loss=None):
        optimizer.zero_grad()
        computed = (self.first.square().sum() + self.second.sum()) * factor
        computed.backward()
        if self.guard is not None:
            self.guard.add(computed if loss is None else torch.tensor(loss))
        clip_gradients(self, optimizer, limit, None)
        optimizer.step()
        self.done += 1


def state_of(net, optimizer):
    return copy.deepcopy([net.state_dict(), optimizer.state_dict()])


def same(one, other):
    return torch.equal(*map(torch.cat, ([leaf.reshape(-1).float() for leaf in leaves(x)] for x in (one, other))))


def leaves(node):
    if isinstance(node, torch.Tensor):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from leaves(child)


@pytest.mark.parametrize("make", [FUSED, PLAIN, MOMENTUM])
@pytest.mark.parametrize("limit", [None, 0.5])
def test_a_finite_run_is_the_same_with_a_guard_and_without(make, limit):
    nets = [Net(None), Net(StepGuard())]
    optimizers = [make(net.parameters()) for net in nets]
    for factor in (1.0, 3.0, -2.0):
        for net, optimizer in zip(nets, optimizers, strict=True):
            net.step(optimizer, factor, limit)
    assert same(*(state_of(*pair) for pair in zip(nets, optimizers, strict=True)))
    assert nets[1].guard.read().number == 0


@pytest.mark.parametrize("make", [FUSED, PLAIN])
def test_a_limit_is_one_of_the_gradient_also_where_the_loss_is_scaled(make):
    """As for float16: by 65536. A fused optimizer would otherwise undo that behind the limit."""
    plain, scaled = Net(StepGuard()), Net(StepGuard())
    plain.step(make(plain.parameters()), 1.0, 1e-6)
    scaler, optimizer = torch.amp.GradScaler("cpu"), make(scaled.parameters())
    scaled.trainer.precision_plugin = SimpleNamespace(scaler=scaler)
    loss = scaled.first.square().sum() + scaled.second.sum()
    scaler.scale(loss).backward()
    if make is PLAIN:
        scaler.unscale_(optimizer)  # as Lightning does for those that are not fused
    scaled.guard.add(loss)
    clip_gradients(scaled, optimizer, 1e-6, None)
    scaler.step(optimizer)
    assert scaled.guard.norm.item() == pytest.approx(plain.guard.norm.item())
    torch.testing.assert_close(scaled.state_dict(), plain.state_dict())


def test_the_norm_is_that_of_torchs_own_clipping():
    net = Net(StepGuard())
    net.step(FUSED(net.parameters()), 1.0)
    seen = net.guard.read()
    assert seen[:2] == (0, 0)
    assert seen.largest == pytest.approx(math.sqrt(2.0**2 + 4.0**2 + 1 + 1))  # twice the first weight, 1 the second


@pytest.mark.parametrize("make", [FUSED, PLAIN, MOMENTUM])
@pytest.mark.parametrize("bad", [{"factor": math.nan}, {"factor": math.inf}, {"factor": 1.0, "loss": math.inf}])
def test_a_bad_step_changes_neither_weights_nor_moments(make, bad):
    net = Net(StepGuard())
    optimizer = make(net.parameters())
    net.step(optimizer, 1.0, 1.0)
    before = state_of(net, optimizer)
    net.step(optimizer, limit=1.0, **bad)
    assert same(state_of(net, optimizer), before)
    seen = net.guard.read()
    assert (seen.number, seen.first) == (1, 2)
    assert not (math.isfinite(seen.loss) and math.isfinite(seen.gradient))
    net.step(optimizer, 1.0, 1.0)
    assert not same(state_of(net, optimizer), before)
    net.step(optimizer, limit=1.0, **bad)
    assert net.guard.read()[:2] == (2, 2)  # the first is remembered


def test_a_loss_of_several_batches_is_judged_as_one():
    net = Net(StepGuard())
    net.guard.add(torch.tensor(math.nan))
    net.step(FUSED(net.parameters()), 1.0)
    assert net.guard.read()[:2] == (1, 1)


def test_the_largest_finite_gradient_is_remembered():
    net = Net(StepGuard())
    optimizer = MOMENTUM(net.parameters())
    for factor in (1.0, 0.0, math.nan):
        net.step(optimizer, factor)
    assert net.guard.read().largest == pytest.approx(math.sqrt(22))


def test_it_goes_on_counting():
    net = Net(StepGuard(BadSteps(3, 7, 1.0, math.inf, 5.0)))
    assert net.guard.read() == BadSteps(3, 7, 1.0, math.inf, 5.0)
    net.step(FUSED(net.parameters()), math.nan)
    assert net.guard.read() == BadSteps(4, 7, 1.0, math.inf, 5.0)


def test_weights_that_are_not_finite_are_named():
    net = Net(None)
    assert nonfinite_weights(net) == []
    net.second.data[1] = math.inf
    assert nonfinite_weights(net) == ["second"]
    assert nonfinite_weights(torch.nn.Identity()) == []
