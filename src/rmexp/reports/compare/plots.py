"""The plots of a comparison, one function each: numbers in, `<svg>` out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator, NullFormatter
from numpy.typing import NDArray

from rmexp.comparison.graded import Graded
from rmexp.comparison.reductions import LevelFigures
from rmexp.evaluation.measures.orientation import preferred_first
from rmexp.reports.compare.content import SplitResult, StageResult
from rmexp.reports.drawing.curves import Curve, curve, epochs, thinned
from rmexp.reports.drawing.numbers import MINUS, number
from rmexp.reports.drawing.svg import BLUE, GREEN, GREY, ORANGE, draw
from rmexp.reports.drawing.ticks import in_percent, on_log_scale
from rmexp.reports.drawing.visible import one_line
from rmexp.runs.summaries.compare import ShowcasePrompt

MOST_POINTS = 250  # of a curve: more cannot be told apart at the size drawn
MOST_PAIRS = 300  # of a scatter, for the same reason
_THIRD = {"width": 3.6, "height": 2.7}  # three of them side by side
LEAST_LOSS = 1e-9  # drawn there when lower, for a logarithmic axis has no 0


def loss_plot(stage: StageResult, marked: tuple[float, str] | None = None) -> str | None:
    """Training and validation loss per step on a logarithmic axis; None when no loss was logged.

    Args:
        stage: with its rows.
        marked: a step that stands out, and why.
    """
    train, val = (_drawable(curve(stage.rows, f"{part}/loss")) for part in ("train", "val"))
    both = np.concatenate([train.values, val.values])
    if not len(both):
        return None

    def paint(axes: Any) -> None:
        drawn = thinned(train, MOST_POINTS)
        axes.plot(drawn.x, drawn.values, color=BLUE, linewidth=1.3, label="train, batch")
        if drawn.per_point > 1:
            axes.fill_between(drawn.x, drawn.low, drawn.high, color=BLUE, alpha=0.15, linewidth=0)
        axes.plot(val.x, val.values, "s--", color=ORANGE, linewidth=1.3, markersize=5, label="validation")
        _mark(axes, marked)
        axes.set_yscale("log")
        on_log_scale(axes.yaxis, both.min(), both.max())
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axes.legend(loc="best")
        axes.set(title=_label(stage.name), xlabel="step", ylabel="loss (log scale)")

    return draw(paint, f"Loss per step of the stage {stage.name}", **_THIRD)


def _drawable(full: Curve) -> Curve:
    return full._replace(**{name: np.maximum(getattr(full, name), LEAST_LOSS) for name in ("values", "low", "high")})


def accuracy_plot(stage: StageResult, marked: tuple[float, str] | None = None) -> str | None:
    """Accuracy against epochs: each batch, the mean of each epoch, and validation; None when none was logged.

    Args:
        stage: with its rows.
        marked: an epoch that stands out, and why.
    """
    train, val = (curve(stage.rows, f"{part}/accuracy", against="epoch") for part in ("train", "val"))
    if not len(train.x) and not len(val.x):
        return None
    means = [(row.until, row.train_accuracy) for row in epochs(stage.rows) if row.train_accuracy is not None]

    def paint(axes: Any) -> None:
        batches = thinned(train, MOST_POINTS)
        axes.axhline(0.5, color=GREY, linewidth=1)
        axes.plot(batches.x, batches.values, color=BLUE, linewidth=0.7, alpha=0.5, label="train, batch")
        axes.plot(*np.array(means).reshape(-1, 2).T, "o", color=BLUE, markersize=6, label="train, epoch mean")
        axes.plot(val.x, val.values, "s--", color=ORANGE, linewidth=1.3, markersize=5, label="validation")
        _mark(axes, marked)
        axes.set_ylim(min(0.45, *batches.values, *val.values) - 0.02, 1.03)
        in_percent(axes.yaxis)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        axes.figure.legend(loc="outside lower center", ncols=3, fontsize=7.5, columnspacing=1.0, handlelength=1.5)
        axes.set(title=_label(stage.name), xlabel="epoch", ylabel="pairs in the right order")

    return draw(paint, f"Accuracy of the stage {stage.name}", **_THIRD)


def _mark(axes: Any, marked: tuple[float, str] | None) -> None:
    if marked is not None:
        axes.axvline(marked[0], color=GREEN, linewidth=1.2, linestyle=":", label=marked[1])


def response_plot(split: SplitResult, chosen: str, rejected: str) -> str:
    """Explicit against implicit reward of every response, preferred and other as different markers."""
    explicit, implicit = _drawn_pairs(split)

    def paint(axes: Any) -> None:
        for column, label, marker, colour in ((0, chosen, "o", BLUE), (1, rejected, "^", ORANGE)):
            style = {"markerfacecolor": colour if column == 0 else "none", "markeredgecolor": colour}
            x, y = explicit[:, column], implicit[:, column]
            axes.plot(x, y, marker, label=_label(label), alpha=0.8, markersize=3.5, markeredgewidth=0.8, **style)
        axes.set(title=f"{_label(split.name)}: responses", xlabel="explicit reward", ylabel="implicit reward")
        axes.figure.legend(loc="outside lower center", ncols=2)

    return draw(paint, f"Explicit against implicit reward of each response, {split.name}", height=3.6)


def margin_plot(split: SplitResult) -> str:
    """Explicit against implicit margin of every pair, the quadrants named."""
    explicit, implicit = _drawn_pairs(split)
    x, y = explicit[:, 0] - explicit[:, 1], implicit[:, 0] - implicit[:, 1]

    def paint(axes: Any) -> None:
        axes.axhline(0, color="#333333", linewidth=1)
        axes.axvline(0, color="#333333", linewidth=1)
        axes.plot(x, y, "D", color=GREEN, alpha=0.8, markersize=3.5, markerfacecolor="none", markeredgewidth=0.8)
        axes.set(xlim=_around_zero(x), ylim=_around_zero(y))
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        corners = {"both right": (1, 1), "only explicit": (1, 0), "only implicit": (0, 1), "both wrong": (0, 0)}
        for text, (right, top) in corners.items():
            place = {"ha": "right" if right else "left", "va": "top" if top else "bottom"}
            axes.text(0.98 * right + 0.01, 0.98 * top + 0.01, text, transform=axes.transAxes, bbox=paper, **place)
        axes.set(title=f"{_label(split.name)}: margins", xlabel="explicit margin", ylabel="implicit margin")

    return draw(paint, f"Explicit against implicit margin of each pair, {split.name}", height=3.6)


def _drawn_pairs(split: SplitResult) -> tuple[NDArray[Any], NDArray[Any]]:
    explicit = preferred_first(np.asarray(split.explicit_scores), split.target)
    implicit = preferred_first(np.asarray(split.implicit_scores), split.target)
    some = np.linspace(0, len(explicit) - 1, min(len(explicit), MOST_PAIRS)).round().astype(int)
    return explicit[some], implicit[some]


def _around_zero(values: Any) -> tuple[float, float]:
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = max(high - low, 1e-6)
    return low - 0.25 * room, high + 0.25 * room


def showcase_plot(prompts: Sequence[ShowcasePrompt], reward: str, chosen: str, rejected: str) -> str:
    """Bars of one reward (`explicit` or `implicit`) for the responses of each showcase prompt."""
    values = np.array([getattr(prompt, reward) for prompt in prompts], dtype=float)
    rows = np.arange(len(prompts))[::-1]  # the first prompt on top

    def paint(axes: Any) -> None:
        for column, label, colour, hatch in ((0, chosen, BLUE, ""), (1, rejected, "#f5c6a5", "////")):
            edge = {"edgecolor": ORANGE if column else BLUE, "hatch": hatch}
            bars = axes.barh(
                rows + 0.2 - 0.4 * column, values[:, column], 0.38, label=_label(label), color=colour, **edge
            )
            axes.bar_label(bars, [_short(value) for value in values[:, column]], padding=3, fontsize=8.5)
        axes.axvline(0, color="#333333", linewidth=1)
        axes.margins(x=0.18)
        axes.grid(False, axis="y")
        axes.set_yticks(rows, [_label(prompt.label) for prompt in prompts])
        axes.set(title=f"{reward} reward", xlabel="reward")
        axes.figure.legend(loc="outside lower center", ncols=2)

    return draw(paint, f"The {reward} reward of the showcase responses", height=1.3 + 0.65 * len(prompts))


def dilution_plot(levels: Sequence[LevelFigures]) -> str:
    """Mean margin relative to the data's own prompts against prompt length, for the sum and for the mean."""

    def paint(axes: Any) -> None:
        axes.axhline(0, color="#333333", linewidth=1)
        _by_length(axes, levels, "dilution")
        axes.set(title="margin kept as prompts grow", ylabel="margin / own-prompt margin")

    return draw(paint, "Margin against prompt length for the sum and the mean")


def across_plot(levels: Sequence[LevelFigures]) -> str:
    """Share of preferred responses that beat the other response of a longer prompt, for the sum and for the mean."""

    def paint(axes: Any) -> None:
        axes.axhline(0.5, color=GREY, linewidth=1)
        _by_length(axes, levels, "across")
        axes.set_ylim(-0.03, 1.05)
        in_percent(axes.yaxis)
        axes.set(title="order across prompts", ylabel="preferred beats other")

    return draw(paint, "Order across prompts of unequal length for the sum and the mean")


def _by_length(axes: Any, levels: Sequence[LevelFigures], figure: str) -> None:
    lines = (
        ("response_sum", "sum over response", "o-", BLUE),
        ("sequence_mean", "mean over all tokens", "s--", ORANGE),
    )
    for reduction, label, style, colour in lines:
        found = [(level.prompt_tokens, getattr(getattr(level, reduction), figure)) for level in levels]
        points = np.array([point for point in found if point[1] is not None], dtype=float).reshape(-1, 2)
        axes.plot(*points.T, style, color=colour, markersize=5, label=label)
    axes.set_xscale("log")
    axes.set_xticks([level.prompt_tokens for level in levels], [number(level.prompt_tokens) for level in levels])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()
    axes.set_xlabel("prompt tokens, mean (log scale)")
    axes.legend(loc="best")


def graded_plot(graded: Graded) -> str:
    """Share of prompts on which the first label beats each other one, per scorer, with intervals."""
    labels = graded.labels[1:]
    styles = (("o", BLUE), ("s", ORANGE), ("D", GREEN), ("^", GREY))

    def paint(axes: Any) -> None:
        axes.axvline(0.5, color=GREY, linewidth=1)
        step = 0.6 / max(len(graded.scorers), 1)
        for index, (name, scorer) in enumerate(graded.scorers.items()):
            shares = np.array([(s.value, s.low, s.high) for s in (scorer.first_wins[label] for label in labels)])
            rows = np.arange(len(labels))[::-1] + 0.3 - step * (index + 0.5)
            marker, colour = styles[index % len(styles)]
            reach = np.maximum(0, [shares[:, 0] - shares[:, 1], shares[:, 2] - shares[:, 0]])
            axes.errorbar(
                shares[:, 0], rows, xerr=reach, fmt=marker, color=colour, markersize=5, label=_label(name), capsize=2
            )
        axes.set_xlim(-0.04, 1.04)
        in_percent(axes.xaxis)
        axes.set_yticks(np.arange(len(labels))[::-1], [_label(label) for label in labels])
        axes.set(title=f"{_label(graded.labels[0])} beats", xlabel="share of prompts, 95 % interval")
        axes.figure.legend(loc="outside lower center", ncols=min(len(graded.scorers), 3))

    title = f"Share of prompts on which {graded.labels[0]} beats each other response"
    return draw(paint, title, height=1.4 + 0.42 * len(labels))


def _label(text: str) -> str:
    return one_line(text, 24)


def _short(value: float) -> str:
    return (f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}").replace("-", MINUS)
