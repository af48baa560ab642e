from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from rmexp.reports.compare.plots import (
    MOST_PAIRS,
    accuracy_plot,
    dilution_plot,
    loss_plot,
    margin_plot,
    response_plot,
)


def test_losses_are_on_a_logarithmic_axis(stage):
    """Training losses 0.69, 0.3, 0.1, 0.01: powers of ten are labelled, at equal distances."""
    figure = loss_plot(stage)
    assert ">0.1</text>" in figure
    assert ">0.01</text>" in figure
    assert "loss (log scale)" in figure


def test_a_loss_of_zero_can_be_drawn(stage):
    rows = [{"step": 1, "train/loss": 0.5}, {"step": 2, "train/loss": 0.0}]
    assert ">1e-08</text>" in loss_plot(replace(stage, rows=rows))


def test_a_stage_that_logged_nothing_has_no_figure(stage):
    empty = replace(stage, rows=[{"step": "1", "epoch": "1", "train/loss": "", "train/accuracy": ""}])
    assert loss_plot(empty) is None
    assert accuracy_plot(empty) is None


@pytest.mark.parametrize("pairs", [1, 2, MOST_PAIRS + 50])
def test_scatters_draw_every_pair_up_to_a_limit(make_split, pairs):
    split = make_split("val", pairs)
    drawn = min(pairs, MOST_PAIRS)
    legend = 2  # one marker for each class
    assert _markers(margin_plot(split)) == drawn
    assert _markers(response_plot(split, "chosen", "rejected")) == 2 * drawn + legend


def _markers(figure: str) -> int:
    """Markers that are half transparent, as those of data are and those of ticks are not."""
    elements = list(ElementTree.fromstring(figure).iter())
    styled = [element for element in elements if "opacity" in element.get("style", "")]
    return sum(1 if element.tag == "use" else len(element.findall("use")) for element in styled)


def test_labels_of_swapped_pairs_are_drawn_as_if_unswapped(make_split):
    split = make_split("val", 20)
    swapped = replace(
        split,
        explicit_scores=np.asarray(split.explicit_scores)[:, ::-1],
        implicit_scores=np.asarray(split.implicit_scores)[:, ::-1],
        target=1 - split.target,
    )
    assert response_plot(split, "a", "b") == response_plot(swapped, "a", "b")


def test_undefined_dilution_is_left_out(full):
    figures = replace(full.reductions.levels[0].response_sum, dilution=None)
    assert "<svg" in dilution_plot([replace(full.reductions.levels[0], response_sum=figures)])
