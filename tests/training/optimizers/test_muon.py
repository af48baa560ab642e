import copy
from functools import partial

import pytest
import torch
from torch.optim import AdamW, Muon

from rmexp.training.optimization import configure
from rmexp.training.optimizers.muon import MuonAdamW


@pytest.fixture
def model():
    torch.manual_seed(0)
    return torch.nn.ModuleDict({"embed": torch.nn.Embedding(50, 6), "inner": torch.nn.Linear(6, 6)})


def learn(model, optimizer, steps=3):
    for step in range(steps):
        model.zero_grad()
        hidden = model["inner"](model["embed"](torch.arange(step, step + 8)))
        hidden.square().sum().backward()
        optimizer.step()


def test_it_is_both_side_by_side(model):
    other = copy.deepcopy(model)
    learn(model, MuonAdamW(model.parameters(), lr=0.01, widest=20))
    matrix, rest = other["inner"].weight, [other["embed"].weight, other["inner"].bias]
    parts = [Muon([matrix], lr=0.01, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"), AdamW(rest, lr=0.01)]

    class Both:
        def step(self):
            for part in parts:
                part.step()

    learn(other, Both())
    for found, expected in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_it_goes_on_from_its_state(model):
    make = partial(MuonAdamW, lr=0.01, widest=20)
    optimizer = make(model.parameters())
    learn(model, optimizer)
    again = copy.deepcopy(model)
    resumed = make(again.parameters())
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    learn(model, optimizer)
    learn(again, resumed)
    for found, expected in zip(again.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_factors_of_learning_rates_stay_with_their_parameters(toy, fit):
    toy.matrix, toy.head = (torch.nn.Parameter(torch.ones(2, 2)) for _ in range(2))
    own = partial(MuonAdamW, lr=0.5, widest=20)
    toy.configure_optimizers = lambda: configure(toy, own, toy.schedule, {"head": 20.0})
    groups = fit(toy, 1, 4).optimizers[0].param_groups
    rates = {id(parameter): group["initial_lr"] for group in groups for parameter in group["params"]}
    assert rates == {id(toy.weight): 0.5, id(toy.matrix): 0.5, id(toy.head): 10.0}
