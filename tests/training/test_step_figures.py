import functools
import math
from statistics import mean, pstdev

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from rmexp.metrics.pairwise_accuracy import PairwiseAccuracy
from rmexp.statistics.shares import clustered_share
from rmexp.tracking.metrics_csv import read_metrics
from rmexp.tracking.metrics_logger import MetricsCSV
from rmexp.training.callbacks.nonfinite import NonFinite
from rmexp.training.step_figures import accuracy_interval, on_host, order_of, policy_figures, rewards_of

CHOSEN, REJECTED = torch.tensor([3.0, 1.0, 2.0, 5.0]), torch.tensor([1.0, 2.0, 2.0, 0.0])


@pytest.mark.parametrize("target", [[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.2, 0.5], [0.9, 0.5, 0.5, 0.1]])
def test_accuracy_and_margin_of_a_batch(target):
    accuracy = PairwiseAccuracy()
    accuracy.update(CHOSEN, REJECTED, torch.tensor(target))
    margins = [
        float(chosen - rejected) * (1 if label > 0.5 else -1)
        for chosen, rejected, label in zip(CHOSEN, REJECTED, target, strict=True)
        if label != 0.5
    ]
    columns = on_host(CHOSEN, REJECTED, torch.tensor(target))
    found = rewards_of(*columns)
    assert (found["accuracy"], found["margin"]) == pytest.approx((float(accuracy.compute()), mean(margins)))
    assert found["margin_sd"] == pytest.approx(pstdev(margins))
    rewards = [*CHOSEN.tolist(), *REJECTED.tolist()]
    assert found["mean_reward"] == pytest.approx(mean(rewards))
    assert found["reward_sd"] == pytest.approx(pstdev(rewards))
    assert (found["min_reward"], found["max_reward"]) == (0, 5)
    assert found["rewards/chosen"] - found["rewards/rejected"] == pytest.approx(found["margin"])
    assert order_of(*columns).keys() == {"accuracy", "margin"}


def test_what_a_policy_adds():
    reference = CHOSEN - 1.0, REJECTED + torch.tensor([0.0, 2.0, 0.0, -3.0])
    *logps, first, second, target = on_host(CHOSEN, REJECTED, *reference, torch.tensor([1.0, 0.0, 0.5, 0.8]))
    found = policy_figures(logps, (first, second), target)
    assert found["logps/chosen"] == pytest.approx(mean([3.0, 2.0, 5.0]))  # the second is swapped, a tie left out
    assert found["logps/rejected"] == pytest.approx(mean([1.0, 1.0, 0.0]))
    assert found["kl"] == pytest.approx((4 * 1.0**2 + 2.0**2 + 3.0**2) / 8 / 2)  # all eight responses


def test_ties_alone_have_neither():
    found = rewards_of(*on_host(CHOSEN, REJECTED, torch.full((4,), 0.5)))
    assert all(math.isnan(found[name]) for name in ("accuracy", "margin", "margin_sd", "rewards/chosen"))
    assert found["mean_reward"] == pytest.approx(16 / 8)


def test_margins_are_logged_and_what_is_undefined_is_not(toy, fit, tmp_path):
    path = tmp_path / "metrics.csv"
    fit(toy, 1, 1, logger=MetricsCSV(path, 1))
    trained, validated = read_metrics(path)
    assert float(trained["train/margin"]) == pytest.approx(1 / 3)  # 3 - 1, 1 - 2, 2 - 2
    assert float(validated["val/margin"]) == pytest.approx((1 + 0.5 / 3) / 3)


class Reads(TorchDispatchMode):
    """Counts how often a number is asked for that lies on the device."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.count += function in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.is_nonzero.default)
        return function(*arguments, **(options or {}))


def test_where_the_figures_of_no_step_are_logged_those_of_validations_are(toy, fit, tmp_path):
    path = tmp_path / "metrics.csv"
    guard = NonFinite(tmp_path, skip=False, every_steps=0, examples_of=lambda step: ("pairs", []), setting="")
    fit(toy, 2, 2, None, guard, logger=MetricsCSV(path, 1), log_every_n_steps=0)
    (validated,) = read_metrics(path)
    assert (bool(validated["val/margin"]), bool(validated["train/margin"])) == (True, False)


def test_the_figures_of_a_batch_are_computed_without_waiting_for_the_device(toy, fit, tmp_path):
    reads, within = Reads(), []
    step = toy.training_step

    @functools.wraps(step)
    def counted(*arguments):
        with reads:
            loss = step(*arguments)
        within.append(reads.count)
        return loss

    toy.training_step = counted
    fit(toy, 4, 2, logger=MetricsCSV(tmp_path / "metrics.csv", 2))
    assert within == [0, 0, 0, 0]


def test_the_interval_of_a_validation_takes_clusters_as_independent(toy):
    target = torch.tensor([1.0, 1.0, 0.0, 0.5])
    assert accuracy_interval(toy, CHOSEN, REJECTED, target) == {}
    toy.val_clusters = np.array([0, 0, 1, 1])
    share = clustered_share([1.0, 0.0, 0.5], np.array([0, 0, 1]))
    found = accuracy_interval(toy, CHOSEN, REJECTED, target)
    assert found == {"accuracy_low": share.low, "accuracy_high": share.high}
