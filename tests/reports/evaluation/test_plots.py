from dataclasses import replace

import numpy as np
import pytest

from rmexp.evaluation.scores import Scores
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.records import Preference
from rmexp.reports.evaluation import plots

RNG = np.random.default_rng(0)
SCORES = {"one": Scores(RNG.normal([1, 0], 1, (200, 2)), log_odds=True)}
TEST = as_test_set(
    Origin("set", "val"),
    [Preference(f"p{i % 50}", "a" * (1 + i % 37), "b" * (1 + i % 23), id=str(i)) for i in range(200)],
)


@pytest.mark.parametrize("draw", [plots.reliability_plot, plots.margin_plot, plots.length_plot])
def test_a_figure_names_its_scorers_or_is_not_drawn(draw):
    svg = draw(TEST, SCORES)
    assert svg.startswith("<svg")
    assert "one" in svg
    assert draw(as_test_set(TEST.origin, []), {"one": Scores(np.empty((0, 2)), log_odds=True)}) is None
    assert draw(replace(TEST, target=0.5 * TEST.target), SCORES) is None  # nothing but ties
    assert draw(TEST, {"one": Scores(np.full((200, 2), np.nan), log_odds=True)}) is None  # nothing scored


def test_margins_all_alike_have_no_histogram():
    assert plots.margin_plot(TEST, {"one": Scores(np.tile([1.0, 0.0], (200, 1)), log_odds=True)}) is None


def test_length_parts_have_an_edge_less_than_names():
    assert len(plots.LENGTH_EDGES) == len(plots.LENGTH_NAMES) + 1


def test_bins_of_fewer_than_five_pairs_are_drawn_grey_and_counted(monkeypatch):
    """Of 30 pairs, 18 stand in one bin, and 12 are spread over others: all wrong, which the plot must not hide."""
    margin = np.concatenate([np.full(18, 5.0), -np.repeat([0.3, 0.7, 1.2], 4)])
    drawn = []
    monkeypatch.setattr(plots, "_grey_points", lambda axes, points, marker: drawn.append(points))
    both = {"one": (margin, np.ones(30))}
    assert "one" in plots.drawn_reliability(both, "few")
    assert drawn[0][:, 1:].tolist() == [[0, 4], [0, 4], [0, 4]]  # accuracy and pairs
    assert plots.small_bins(both) == (" Small grey points are bins with fewer than five pairs: 12 of 30 pairs of one.")
    assert plots.small_bins({"one": (np.full(5, 1.0), np.ones(5))}) == ""


def test_bins_alone_of_few_pairs_are_a_plot_too():
    assert "<svg" in plots.drawn_reliability({"one": (np.array([1.0, -2.0]), np.ones(2))}, "two pairs")


def test_lengths_of_fewer_than_five_pairs_are_counted():
    short = as_test_set(
        Origin("set", "val"),
        [Preference(f"p{i}", "a" * (40 if i < 3 else 10), "b" * 10, id=str(i)) for i in range(20)],
    )
    scores = {"one": Scores(np.tile([1.0, 0.0], (20, 1)), log_odds=True)}
    assert plots.in_small_lengths(short, scores).endswith("lengths with fewer than five pairs: 3 of 20 pairs of one.")
    assert "<svg" in plots.length_plot(short, scores)
