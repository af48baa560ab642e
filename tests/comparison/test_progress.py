import numpy as np
import pytest

from rmexp.comparison.progress import Moment, progress

TARGET = np.array([1.0, 1.0, 0.0, 0.5])


def moment(share, *margins):
    return Moment(share, np.array([[margin, 0.0] for margin in margins]))


def test_each_validation_meets_the_latest_one_of_the_other_that_is_no_later():
    explicit = [moment(0.2, 1, 1, 1, 0), moment(0.5, 1, 1, -1, 0), moment(1.0, 1, -1, -1, 0)]
    implicit = [moment(0.25, -1, 1, 1, 0), moment(0.5, -1, -1, -1, 0), moment(0.75, 2, -1, -1, 0)]
    points = progress(explicit, implicit, TARGET)
    assert [point.progress for point in points] == [0.5, 1.0]  # nothing is known of the policy at 0.2
    first, last = points
    assert (first.explicit_accuracy, first.implicit_accuracy) == (1.0, pytest.approx(1 / 3))
    assert first.same_order == pytest.approx(1 / 3)
    assert (first.explicit_settled, first.implicit_settled) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (last.same_order, last.explicit_settled, last.implicit_settled) == (1.0, 1.0, 1.0)


def test_nothing_without_validations_of_both():
    assert progress([], [moment(1.0, 1, 1, 1, 1)], TARGET) == ()
    assert progress([moment(1.0, 1, 1, 1, 1)], [], TARGET) == ()
