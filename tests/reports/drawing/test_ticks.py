import re

import numpy as np
import pytest

from rmexp.reports.drawing.svg import draw
from rmexp.reports.drawing.ticks import in_percent, on_log_scale


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.984, 0.991), (0.9991, 0.99955)])
def test_no_two_ticks_are_told_alike_and_none_is_rounded(low, high):
    places = []

    def paint(axes):
        axes.plot([0, 1], [low, high])
        in_percent(axes.yaxis)
        places.extend(axes.get_yticks())

    told = [float(text) for text in re.findall(r">\s*([\d.]+) %<", draw(paint, "Ticks"))]
    assert len(told) == len(set(told)) >= 3
    assert all(np.isclose(100 * np.array(places), value, rtol=0, atol=1e-9).any() for value in told)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (0.69, 0.71),
        (1.2, 1.9),
        (11.5, 80.5),
        (12, 19),
        (2.1, 9.9),
        (2.1, 14.6),
        (9.5, 10.5),
        (3, 290),
        (1e-9, 0.7),
        (2, 9e5),
    ],
)
def test_two_values_at_least_can_be_read_off_a_logarithmic_axis(low, high):
    def paint(axes):
        axes.plot([low, high], [0, 1])
        axes.set_xscale("log")
        axes.set_yticks([])
        on_log_scale(axes.xaxis, low, high)

    told = [float(text) for text in re.findall(r">\s*([\d.e+-]+)<", draw(paint, "Ticks"))]
    assert len(told) == len(set(told)) >= 2
