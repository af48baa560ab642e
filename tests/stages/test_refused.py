from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rmexp.stages.refused import check_parts
from rmexp.training.schedules import constant

PARTS = SimpleNamespace(
    optimizer=partial(torch.optim.SGD, lr=0.1),
    schedule=partial(constant, warmup_fraction=0.0),
    trainer=SimpleNamespace(strategy="auto"),
)


def half(step, *, total_steps):  # by keyword, as in training
    return "half"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"optimizer": partial(torch.optim.RMSprop, lr=-1.0)},
            r"Invalid learning rate: -1.0 \(set dpo",
        ),
        (
            {"schedule": partial(constant, warmup_fraction=2.0)},
            r"warmup_fraction must be in .* \(set dpo",
        ),
        ({"schedule": half}, r"^half\(\) must give a factor of the learning rate, a number, got str \(set dpo"),
        ({"optimizer": list}, r"^list\(\) must give an Optimizer of torch, got list \(set dpo"),
        ({"trainer": SimpleNamespace(strategy="foo")}, "trainer.strategy must be auto or ddp"),
    ],
)
def test_what_a_first_step_would_refuse_is_refused_before(changed, message):
    check_parts(PARTS)
    with pytest.raises(ValueError, match=message):
        check_parts(SimpleNamespace(**(vars(PARTS) | changed)), "dpo.")


def test_numbers_of_other_kinds_are_factors():
    for factor in (1, np.float32(0.5), torch.tensor(0.5)):
        check_parts(SimpleNamespace(**(vars(PARTS) | {"schedule": lambda step, total_steps, gives=factor: gives})))


class ForMatrices(torch.optim.SGD):
    def __init__(self, parameters, lr):
        super().__init__(parameters, lr)
        if any(parameter.ndim != 2 for group in self.param_groups for parameter in group["params"]):
            raise ValueError("only matrices")  # as torch.optim.Muon does


def test_an_optimizer_may_be_one_of_matrices_alone():
    check_parts(SimpleNamespace(**(vars(PARTS) | {"optimizer": partial(ForMatrices, lr=0.1)})))
