import math
from dataclasses import replace
from typing import get_args

import pytest
import torch

from rmexp.training.callbacks.checkpoints import BEST, step_of
from rmexp.training.callbacks.kept import BEST_END, Kept
from rmexp.training.trainer_options import TrainerOptions

OPTIONS = TrainerOptions("32-true", False, 1, None, None, None, 0, "best", "val/loss", None, 0.0, "stop")
NAN = math.nan


def kept_state(path):
    """What the callback has left in a checkpoint."""
    return torch.load(path, weights_only=True)["callbacks"]["Kept"]


@pytest.fixture
def seen(toy, fit, tmp_path, monkeypatch):
    """Trains a step for each of the figures that its validations are to have; what was seen of them."""

    def run(figures, **options):
        kept = Kept(tmp_path, replace(OPTIONS, **options))
        monkeypatch.setattr(kept, "_monitored", lambda trainer: figures[trainer.global_step - 1])
        trainer = fit(toy, len(figures), 1, None, kept)
        return kept, trainer.global_step

    return run


@pytest.mark.parametrize(
    ("figures", "best"),
    [
        ([3.0, 1.0, 2.0], 2),
        ([2.0, 1.0, 1.0], 2),  # of equal ones the earliest
        ([NAN, 5.0, math.inf], 2),
        ([NAN, NAN], None),
        ([-math.inf, 4.0], 2),  # not finite is no figure
    ],
)
def test_the_best_is_the_earliest_of_the_least(seen, tmp_path, figures, best):
    kept, steps = seen(figures)
    assert (kept.step, kept.validations, steps) == (best, len(figures), len(figures))
    if best is None:
        assert not (tmp_path / BEST).exists()
    else:
        assert step_of(tmp_path / BEST) == best
        assert kept_state(tmp_path / BEST)["step"] == best


def test_an_accuracy_is_better_when_it_is_greater(seen):
    assert seen([0.4, 0.9, 0.9, 0.2], monitor="val/accuracy")[0].step == 2


def test_the_last_is_kept_without_a_checkpoint_of_the_best(seen, tmp_path):
    assert seen([3.0, 1.0, 2.0], keep="last")[0].step == 2
    assert not (tmp_path / BEST).exists()


@pytest.mark.parametrize(
    ("figures", "patience", "min_delta", "stops_after"),
    [
        ([1.0, 2.0, 3.0, 0.5], 2, 0.0, 3),
        ([1.0, 2.0, 0.9, 2.0, 2.0, 2.0], 2, 0.0, 5),
        ([1.0, 0.95, 0.9, 0.85, 0.4], 2, 0.2, 3),  # small steps from a bar that stays
        ([1.0, 0.9, 0.8, 0.7], 1, 0.05, 4),
        ([1.0, NAN, NAN, 0.1], 2, 0.0, 3),
        ([1.0, 1.0, 0.5, 0.4], 1, 0.0, 2),  # equal is no better
        ([1.0, 2.0], 1, 0.0, 2),  # at the end anyway
    ],
)
def test_patience_counts_validations(seen, figures, patience, min_delta, stops_after):
    kept, steps = seen(figures, patience=patience, min_delta=min_delta)
    assert steps == stops_after
    assert kept.stopped == (stops_after < len(figures))


def test_the_best_of_those_before_the_end_is_kept_though_it_was_too_little_to_wait_for(seen):
    kept, steps = seen([1.0, 0.95, 0.9, 0.1], patience=2, min_delta=0.2)
    assert (kept.step, steps, kept.stopped) == (3, 3, True)


def test_a_run_that_goes_on_from_where_it_stopped_stops(toy, fit, seen, tmp_path):
    kept, _ = seen([1.0, 0.95, 0.9, 0.1], patience=2, min_delta=0.2)
    again = Kept(tmp_path, kept.options)
    again.load_state_dict(kept_state(tmp_path / BEST))
    assert again.state_dict() == kept.state_dict()
    assert fit(toy, 4, 1, None, again).global_step == 0


def test_what_can_be_monitored_is_what_the_key_takes():
    assert get_args(TrainerOptions.__annotations__["monitor"]) == tuple(BEST_END)
    assert BEST_END == {"val/loss": "min", "val/accuracy": "max", "val/margin": "max"}


def test_a_figure_that_no_validation_has(toy, fit, tmp_path):
    with pytest.raises(
        ValueError, match=r"trainer.monitor=val/elo: a validation .* only val/accuracy, val/loss, val/margin"
    ):
        fit(toy, 2, 1, None, Kept(tmp_path, replace(OPTIONS, monitor="val/elo")))


def test_the_real_figures_are_those_of_the_validation(toy, fit, tmp_path):
    kept = Kept(tmp_path, OPTIONS)
    fit(toy, 3, 1, None, kept)
    assert kept.step == 3  # the margin of the toy grows with its weight
    assert kept.best == pytest.approx(float(toy.val_figures.compute()["loss"]))
    assert torch.load(tmp_path / BEST, weights_only=True)["global_step"] == 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patience": 0}, "trainer.patience must be at least 1, got 0"),
        ({"min_delta": -0.1}, "trainer.min_delta must be at least 0, got -0.1"),
        ({"min_delta": NAN}, "trainer.min_delta must be at least 0, got nan"),
    ],
)
def test_settings_out_of_range(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(OPTIONS, **wrong)


def test_what_no_validation_will_say_is_refused():
    with pytest.raises(ValueError, match=r"trainer\.patience=2 needs a validation set"):
        replace(OPTIONS, patience=2).check_validations("pairs", validates=False)
    with pytest.raises(ValueError, match="demonstrations have a loss only"):
        replace(OPTIONS, monitor="val/accuracy").check_validations("demonstrations", validates=True)
