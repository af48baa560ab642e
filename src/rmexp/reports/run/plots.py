"""The plots of held-out pairs on the page of a run."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.reports.drawing.svg import BLUE, ORANGE, draw
from rmexp.reports.drawing.ticks import in_percent
from rmexp.reports.evaluation.plots import drawn_reliability, small_bins
from rmexp.reports.run.content import ScoredSet

BINS = 40
SIZE = {"width": 3.6, "height": 2.7}


def rewards_plot(scored: ScoredSet) -> str | None:
    """Histograms of the rewards of better and of other responses; None where there are none, or all are equal."""
    rewards = scored.rewards
    if not len(rewards) or rewards.max() == rewards.min():
        return None
    better, other = rewards.T
    edges = np.linspace(rewards.min(), rewards.max(), BINS + 1)

    def paint(axes: Any) -> None:
        for values, name, colour, line in ((better, "better", BLUE, "-"), (other, "other", ORANGE, "--")):
            counts, _ = np.histogram(values, edges)
            axes.stairs(counts / len(values), edges, color=colour, linestyle=line, linewidth=1.3, label=name)
        in_percent(axes.yaxis)
        axes.set(title="Rewards", xlabel="reward", ylabel="share of the responses")
        axes.figure.legend(loc="outside lower center", ncols=2)

    return draw(paint, f"Rewards of better and of other responses, {_title(scored)}", **SIZE)


def calibration_plot(scored: ScoredSet) -> str | None:
    """How often it is right against how sure it is; None where no pair can tell."""
    return drawn_reliability(_margins(scored), f"Reliability on {_title(scored)}", **SIZE)


def in_small_bins(scored: ScoredSet) -> str:
    """What the caption says of the grey points of `calibration_plot`; empty where there are none."""
    return small_bins(_margins(scored))


def _margins(scored: ScoredSet) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    return {scored.row.scorer: (scored.margin, scored.target)}


def _title(scored: ScoredSet) -> str:
    return f"{scored.row.data} {scored.row.split}"
