import numpy as np
import pytest

from rmexp.reports.drawing.curves import EpochRow, curve, epochs, thinned


def test_a_curve_skips_cells_that_are_empty_or_not_finite():
    rows = [
        {"step": "1", "a": "2"},
        {"step": "2", "a": ""},
        {"step": "3"},
        {"step": "4", "a": "nan"},
        {"step": 5, "a": 7},
    ]
    part = curve(rows, "a")
    assert (part.x.tolist(), part.values.tolist()) == ([1, 5], [2, 7])
    assert len(curve(rows, "b").x) == 0


def test_thinning_averages_groups_and_keeps_their_extremes():
    """Seven points in groups of three: 0 1 2, 3 4 5 and the rest, 6."""
    rows = [{"step": step, "a": value} for step, value in enumerate([0, 9, 3, 4, 4, 1, 5])]
    part = thinned(curve(rows, "a"), 3)
    assert part.x.tolist() == [1, 4, 6]
    assert part.values.tolist() == [4, 3, 5]
    assert (part.low.tolist(), part.high.tolist(), part.per_point) == ([0, 1, 5], [9, 4, 5], 3)


@pytest.mark.parametrize("points", [1, 7, 250, 1000, 1001])
def test_thinning_keeps_to_its_limit_and_to_the_mean(points):
    values = np.random.default_rng(0).normal(size=1000)
    full = curve([{"step": step, "a": value} for step, value in enumerate(values)], "a")
    part = thinned(full, points)
    assert len(part.x) <= points
    assert (part.low.min(), part.high.max()) == (values.min(), values.max())
    if 1000 % part.per_point == 0:
        assert part.values.mean() == pytest.approx(values.mean())


def test_epochs_average_training_and_take_the_last_validation(stage):
    assert epochs(stage.rows) == (
        EpochRow(1, 2, pytest.approx(0.495), 0.75, 0.2, 0.75),
        EpochRow(2, 4, pytest.approx(0.055), 1.0, 0.02, 1.0),
    )


def test_a_fraction_that_was_rounded_up_stays_in_its_epoch():
    rows = [{"step": 1, "epoch": "0.333333"}, {"step": 3, "epoch": "1.0000001"}, {"step": 4, "epoch": "2"}]
    assert [row.until for row in epochs(rows)] == [1, 2]
    assert epochs([{"step": 1}]) == ()


def test_an_epoch_that_training_did_not_finish_ends_where_training_does():
    rows = [{"step": step, "epoch": step / 50, "train/accuracy": 0.5} for step in range(1, 57)]
    assert [(row.until, row.step) for row in epochs(rows)] == [(1, 50), (1.12, 56)]
    assert [row.until for row in epochs(rows[:6])] == [0.12]
