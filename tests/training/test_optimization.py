from functools import partial

import pytest
import torch

from rmexp.tracking.metrics_csv import read_metrics
from rmexp.tracking.metrics_logger import MetricsCSV
from rmexp.training.optimization import configure


@pytest.fixture
def rows(toy, fit, tmp_path):
    def run(batches, epoch, every=None, **options):
        path = tmp_path / "metrics.csv"
        fit(toy, batches, epoch, every, logger=MetricsCSV(path, epoch), **options)
        return read_metrics(path)

    return run


def test_the_learning_rate_of_each_step_is_the_schedules(rows, toy):
    # SGD at 0.5 (1 - step / 4) on a loss of -weight / 3: 1 + (0.5 + 0.375 + 0.25 + 0.125) / 3
    trained = [row for row in rows(4, 4) if row["lr"]]
    assert [float(row["lr"]) for row in trained] == [0.5, 0.375, 0.25, 0.125]
    assert toy.weight.item() == pytest.approx(1 + 1.25 / 3)
    assert toy.frozen.item() == 1.0


def test_figures_of_each_step_are_those_of_its_batch(rows):
    trained = [row for row in rows(4, 4) if row["train/loss"]]
    weights = [1.0, 1 + 0.5 / 3, 1 + 0.875 / 3, 1 + 1.125 / 3]
    assert [float(row["train/loss"]) for row in trained] == pytest.approx([-weight / 3 for weight in weights])
    assert [row["train/accuracy"] for row in trained] == ["0.5"] * 4  # right, wrong, tie


@pytest.mark.parametrize("every", [None, 2])
def test_validations_stand_at_the_step_they_follow(rows, toy, every):
    logged = rows(9, 3, every)
    validated, trained = ([row for row in logged if row[name]] for name in ("val/loss", "train/loss"))
    assert [int(row["step"]) for row in trained] == list(range(1, 10))
    assert [int(row["step"]) for row in validated] == toy.validated_after
    assert [row["val/accuracy"] for row in validated] == ["0.5"] * len(validated)


def test_several_batches_a_step(rows):
    trained = [row for row in rows(8, 4, accumulate_grad_batches=2) if row["lr"]]
    assert [(int(row["step"]), float(row["lr"])) for row in trained] == [
        (1, 0.5),
        (2, 0.375),
        (3, 0.25),
        (4, 0.125),
    ]


def test_an_optimizer_that_refuses_its_options_is_one_sentence(toy, fit):
    toy.optimizer = partial(torch.optim.SGD, lr=-1.0)
    with pytest.raises(ValueError, match=r"Invalid learning rate: -1.0 \(set optimizer.\*\)"):
        fit(toy, 1, 1)


def test_only_trainable_parameters_are_optimised(toy, fit):
    trainer = fit(toy, 1, 1)
    (group,) = trainer.optimizers[0].param_groups
    assert [id(parameter) for parameter in group["params"]] == [id(toy.weight)]


def test_parameters_by_name_have_a_learning_rate_of_their_own(toy, fit):
    toy.head = torch.nn.Parameter(torch.ones(1))
    factors = {"head": 20.0}
    toy.configure_optimizers = lambda: configure(toy, toy.optimizer, toy.schedule, factors)
    trainer = fit(toy, 4, 4)
    groups = trainer.optimizers[0].param_groups
    assert [[id(parameter) for parameter in group["params"]] for group in groups] == [[id(toy.weight)], [id(toy.head)]]
    assert [group["initial_lr"] for group in groups] == [0.5, 10.0]
    assert groups[1]["lr"] == 20 * groups[0]["lr"]
