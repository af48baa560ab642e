import math

import pytest
import torch
from transformers import get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

from rmexp.training.schedules import constant, cosine, linear

ALL = [
    lambda step, total, warmup: constant(step, total, warmup_fraction=warmup),
    lambda step, total, warmup: cosine(step, total, warmup_fraction=warmup, floor=0.1),
    lambda step, total, warmup: linear(step, total, warmup_fraction=warmup, floor=0.1),
]


@pytest.mark.parametrize(
    ("ours", "theirs"), [(cosine, get_cosine_schedule_with_warmup), (linear, get_linear_schedule_with_warmup)]
)
def test_transformers_after_the_warm_up(ours, theirs):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    schedule = theirs(optimizer, num_warmup_steps=10, num_training_steps=50)
    expected = []
    for _ in range(50):
        expected.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    got = [ours(step, 50, warmup_fraction=0.2, floor=0.0) for step in range(50)]
    assert got[10:] == pytest.approx(expected[10:], abs=1e-12)
    assert got[:9] == pytest.approx(expected[1:10])  # theirs starts at 0, a step without effect


@pytest.mark.parametrize("schedule", ALL)
@pytest.mark.parametrize("total", [1, 2, 7, 100])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.99])
def test_every_factor_is_in_range_rises_then_falls(schedule, total, warmup):
    factors = [schedule(step, total, warmup) for step in range(total + 3)]
    peak = factors.index(max(factors))
    assert max(factors) == 1.0
    assert min(factors) > 0
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    assert peak <= math.ceil(warmup * total)


@pytest.mark.parametrize("schedule", ALL)
@pytest.mark.parametrize("warmup", [-0.1, 1.0])
def test_a_warm_up_without_end_is_refused(schedule, warmup):
    with pytest.raises(ValueError, match=rf"schedule.warmup_fraction must be in \[0, 1\), got {warmup}"):
        schedule(0, 10, warmup)


@pytest.mark.parametrize("schedule", [cosine, linear])
@pytest.mark.parametrize("floor", [-2, 7])
def test_a_floor_that_is_no_share_is_refused(schedule, floor):
    with pytest.raises(ValueError, match=rf"schedule.floor must be in \[0, 1\], got {floor}"):
        schedule(0, 10, warmup_fraction=0.0, floor=floor)
