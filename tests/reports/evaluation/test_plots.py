from dataclasses import replace

import numpy as np
import pytest

from rmexp.evaluation.scores import Scores
from rmexp.evaluation.test_set import Origin, pair_test_set
from rmexp.records import Preference
from rmexp.reports.evaluation import plots

RNG = np.random.default_rng(0)
SCORES = {"one": Scores(RNG.normal([1, 0], 1, (200, 2)), log_odds=True)}
TEST = pair_test_set(
    Origin("set", "val"),
    [Preference(f"p{i % 50}", "a" * (1 + i % 37), "b" * (1 + i % 23), id=str(i)) for i in range(200)],
)


@pytest.mark.parametrize("draw", [plots.reliability_plot, plots.margin_plot, plots.length_plot])
def test_a_figure_names_its_scorers_or_is_not_drawn(draw):
    svg = draw(TEST, SCORES)
    assert svg.startswith("<svg")
    assert "one" in svg
    assert draw(pair_test_set(TEST.origin, []), {"one": Scores(np.empty((0, 2)), log_odds=True)}) is None
    assert draw(replace(TEST, target=0.5 * TEST.target), SCORES) is None  # nothing but ties
    assert draw(TEST, {"one": Scores(np.full((200, 2), np.nan), log_odds=True)}) is None  # nothing scored


def test_margins_all_alike_have_no_histogram():
    assert plots.margin_plot(TEST, {"one": Scores(np.tile([1.0, 0.0], (200, 1)), log_odds=True)}) is None


def test_length_parts_have_an_edge_less_than_names():
    assert len(plots.LENGTH_EDGES) == len(plots.LENGTH_NAMES) + 1
