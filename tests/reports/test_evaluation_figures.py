import numpy as np
import pytest

from rmexp.reports import evaluation_figures as figures

RNG = np.random.default_rng(0)
SCORES = {"one": RNG.normal([1, 0], 1, (200, 2)).astype(np.float32)}
TARGET = np.ones(200)


@pytest.mark.parametrize(
    ("draw", "rest"),
    [
        (figures.reliability_figure, ()),
        (figures.margin_figure, ()),
        (figures.length_figure, (RNG.integers(10, 300, (200, 2)),)),
    ],
)
def test_a_figure_names_its_scorers_or_is_not_drawn(draw, rest):
    svg = draw("set val", SCORES, TARGET, *rest)
    assert svg.startswith("<svg")
    assert "one" in svg
    nothing = tuple(part[:0] for part in rest)
    assert draw("set val", {"one": SCORES["one"][:0]}, TARGET[:0], *nothing) is None
    assert draw("set val", SCORES, 0.5 * TARGET, *rest) is None  # nothing but ties


def test_margins_all_alike_have_no_histogram():
    assert figures.margin_figure("set", {"one": np.tile(np.float32([1, 0]), (9, 1))}, np.ones(9)) is None


def test_length_parts_have_an_edge_less_than_names():
    assert len(figures.LENGTH_EDGES) == len(figures.LENGTH_NAMES) + 1
