"""The plots of a profile, one function each: numbers in, `<svg>` out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rmexp.profile.baselines import Baseline
from rmexp.profile.profile import Profile
from rmexp.reports.drawing.svg import BLUE, GREEN, GREY, ORANGE, draw
from rmexp.reports.drawing.ticks import in_percent, on_log_scale

NAMES = {
    "longer": "longer",
    "shorter": "shorter",
    "random": "coin",
    "list_items": "more list items",
    "markdown": "more markdown",
    "prompt_overlap": "repeats the prompt",
    "first_token": "first word (learnt)",
    "bag_of_words": "words (learnt)",
    "bag_of_words_length": "words, length (learnt)",
}
_LONGEST = 99.5  # percentile: a few endless texts must not squeeze all others


def best_first(baselines: Sequence[Baseline]) -> list[Baseline]:
    """By accuracy; those without pairs last."""
    return sorted(baselines, key=lambda baseline: -1.0 if baseline.accuracy is None else -baseline.accuracy)


def baselines_plot(baselines: Sequence[Baseline]) -> str:
    """Accuracy of each baseline with its interval, best on top, against 50 %."""
    shown = [baseline for baseline in best_first(baselines) if baseline.accuracy is not None]
    rows = np.arange(len(shown))[::-1]

    def paint(axes: Any) -> None:
        axes.axvline(0.5, color=GREY, linewidth=1)
        for row, baseline in zip(rows, shown, strict=True):
            low, high = (baseline.accuracy if end is None else end for end in (baseline.low, baseline.high))
            learnt = "learnt" in NAMES[baseline.name]
            axes.plot([low, high], [row, row], color=ORANGE if learnt else BLUE, linewidth=1.6)
            axes.plot(
                [baseline.accuracy], [row], "s" if learnt else "o", color=ORANGE if learnt else BLUE, markersize=5
            )
        axes.set_yticks(rows, [NAMES[baseline.name] for baseline in shown])
        axes.grid(False, axis="y")
        in_percent(axes.xaxis)
        axes.set(title="pairs in the order of the label", xlabel="accuracy, 95 % interval")

    return draw(paint, "Accuracy of the baselines", height=1.1 + 0.27 * max(1, len(shown)))


def lengths_plot(profile: Profile) -> str:
    """Distribution of the tokens of the preferred and of the other responses on a logarithmic axis."""
    lengths = np.maximum(profile.tokens.lengths, 1)
    sides = lengths[profile.texts.preferred], lengths[profile.texts.other]
    both = np.concatenate(sides)
    edges = np.unique(np.geomspace(both.min(), np.percentile(both, _LONGEST) + 1, 24).round()) - 0.5  # whole tokens
    if len(edges) < 2:
        edges = np.array([both.min() - 0.5, both.min() + 0.5])

    def paint(axes: Any) -> None:
        styles = (("chosen", BLUE, "-"), ("rejected", ORANGE, "--"))
        for values, (label, colour, style) in zip(sides, styles, strict=True):
            heights = np.histogram(np.minimum(values, edges[-1]), edges)[0] / len(values)
            axes.stairs(heights, edges, color=colour, linestyle=style, linewidth=1.5, label=label)
        axes.set_xscale("log")
        on_log_scale(axes.xaxis, edges[0], edges[-1])
        in_percent(axes.yaxis)
        axes.legend(loc="best")
        axes.set(title="length of responses", xlabel="tokens (log scale)", ylabel="share of responses")

    return draw(paint, "Length of chosen and rejected responses")


def difficulty_plot(profile: Profile) -> str:
    """Distribution of what the difficulty is measured by, with the borders of its bins."""
    ease = profile.difficulty.ease
    low, high = np.percentile(ease, (100 - _LONGEST, _LONGEST))

    def paint(axes: Any) -> None:
        edges = np.linspace(low, high if high > low else low + 1, 31)
        heights = np.histogram(np.clip(ease, edges[0], edges[-1]), edges)[0] / max(1, len(ease))
        axes.stairs(heights, edges, color=BLUE, fill=True, alpha=0.25)
        axes.stairs(heights, edges, color=BLUE, linewidth=1.2)
        for border in (one for one in profile.difficulty.thresholds if one is not None):
            axes.axvline(border, color=GREEN, linewidth=1.2, linestyle="--")
        in_percent(axes.yaxis)
        axes.set(title="hard, medium, easy", xlabel="ease", ylabel="share of pairs")

    return draw(paint, "Distribution of difficulty")


def bins_plot(profile: Profile) -> str:
    """What the longer response gets in each bin of difficulty."""
    shown = [one for one in profile.bins if one.longer.accuracy is not None]

    def paint(axes: Any) -> None:
        axes.axhline(0.5, color=GREY, linewidth=1)
        for place, one in enumerate(shown):
            value = one.longer.accuracy
            low, high = (value if end is None else end for end in (one.longer.low, one.longer.high))
            axes.plot([place, place], [low, high], color=BLUE, linewidth=1.6)
            axes.plot([place], [value], "o", color=BLUE, markersize=6)
        axes.set_xticks(range(len(shown)), [one.name for one in shown])
        axes.set_xlim(-0.5, max(0, len(shown) - 1) + 0.5)
        axes.set_ylim(-0.03, 1.03)
        in_percent(axes.yaxis)
        axes.set(title="the longer response, by difficulty", ylabel="accuracy, 95 % interval")

    return draw(paint, "Accuracy of the longer response by difficulty")
