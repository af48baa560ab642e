"""The page of `rmexp filter`."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from rmexp.metrics.preferred_side import is_tie, preferred_side
from rmexp.records import Preference, Record, prompt_text
from rmexp.reports.drawing.numbers import counted, decimals, percent
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.drawing.svg import BLUE, GREY, ORANGE, draw
from rmexp.reports.drawing.ticks import in_percent
from rmexp.reports.made import Made
from rmexp.reports.seen import filtered_sentence
from rmexp.runs.summaries.filter import FilterSummary
from rmexp.selection.filter_quality import FilterQuality

BARS = 30
MOST_EXAMPLES = 5  # of each kind


class FilterReport(NamedTuple):
    """What the page is made of.

    Attributes:
        about: data, unit, counts by rule, scorers.
        quality: of the filter, where wrong labels are known.
        items: what was judged, a `rmexp.selection.rules.FilterItems`.
        decisions: on each item.
        records: that the items are of.
        made: how.
    """

    about: FilterSummary
    quality: FilterQuality | None
    items: Any
    decisions: Sequence[Any]
    records: Sequence[Record]
    made: Made


class Shown(NamedTuple):
    """An item to be read: why it is shown, its prompt and its responses with their names."""

    note: str
    prompt: str
    sides: Sequence[tuple[str, str]]


def filter_report(report: FilterReport) -> str:
    """The whole page as HTML: one file without script or request, byte-identical for equal content."""
    panels = [
        Panel(
            Markup(distribution_plot(report)),
            "The extreme half per cent on each side lies in the outer bars; a bar begins where the kept ones do.",
        )
    ]
    if report.quality is not None and report.quality.curve:
        panels.append(
            Panel(Markup(quality_plot(report.quality)), "Dropping from the least margin on; the dot is this filter.")
        )
    return render(
        "filter.html",
        report=report,
        panels=panels,
        sentences=list(conclusions(report)),
        readings=[
            ("Dropped, the plainest first", [_shown(report, index) for index in _plainest(report)]),
            ("Kept, the closest first", [_shown(report, index) for index in _closest(report)]),
        ],
    )


def conclusions(report: FilterReport) -> Iterator[str]:
    """What a reader should take away."""
    about = report.about
    share = percent(about.kept / about.units)
    yield f"{about.kept:,} of {counted(about.units, about.unit)} are kept ({share})."
    if sentence := filtered_sentence(about.seen, about.unit):
        yield sentence
    quality = report.quality
    if quality is None:
        yield "No label is known to be wrong here, so whether the filter drops the right ones is not measured."
        return
    if quality.precision.value is not None and quality.recall.value is not None:
        yield (
            f"Of the dropped {percent(quality.precision.value)} have a wrong label, of all "
            f"{percent(quality.flipped.value)}; {percent(quality.recall.value)} of the wrong labels are found and "
            f"{percent(quality.left.value)} of the kept still have one."
        )
    if quality.auroc is not None:
        value = decimals(quality.auroc)
        if quality.auroc_low is not None:
            value += f" [{decimals(quality.auroc_low)}, {decimals(quality.auroc_high)}]"
        yield f"A wrong label has a lesser margin than a right one with probability {value}; a coin has 0.50."


def distribution_plot(report: FilterReport) -> str:
    """Distribution of what items are ranked by, kept and dropped."""
    values = np.array(report.items.rank_by, dtype=np.float64)
    kept = np.array([decision.kept for decision in report.decisions])
    finite = np.isfinite(values)  # labelled ties have no margin
    edges = bar_edges(values[finite], kept[finite])
    name = "score" if report.items.margin is None else "margin"

    def paint(axes: Any) -> None:
        for part, label, colour, style in ((kept, "kept", BLUE, "-"), (~kept, "dropped", ORANGE, "--")):
            counts = np.histogram(np.clip(values[part & finite], edges[0], edges[-1]), edges)[0]
            axes.stairs(counts, edges, color=colour, linestyle=style, linewidth=1.4, label=label)
        if name == "margin":
            axes.axvline(0, color=GREY, linewidth=1)
        axes.legend(loc="best")
        axes.set(title=f"{name} of kept and dropped", xlabel=name, ylabel=f"{report.about.unit}s")

    return draw(paint, f"Distribution of the {name} of kept and dropped")


def bar_edges(values: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Ends of about thirty bars, one of them where the kept begin: what a threshold parts is in no bar together.

    Args:
        values: (N,) that items are ranked by.
        kept: (N,) which of them are kept.

    >>> values = np.array([-3.0, -0.1, 0.2, 27.0])
    >>> 0.0 in bar_edges(values, values >= 0)
    True
    """
    low, high = np.percentile(values, (0.5, 99.5)) if len(values) else (0.0, 1.0)
    begin = values[kept].min() if kept.any() else low
    below = values[values < begin]
    if len(below) and below.max() < 0 <= begin:
        begin = 0.0  # where the line is
    low, high = min(low, begin), max(high, begin)
    width = (high - low or 1.0) / BARS
    first, last = np.floor((low - begin) / width), np.ceil((high - begin) / width)
    edges: NDArray[np.float64] = begin + width * np.arange(min(first, -1 if len(below) else 0), max(last, 1) + 1)
    return edges


def quality_plot(quality: FilterQuality) -> str:
    """Precision and recall over the share that is dropped."""
    dropped = [point.dropped for point in quality.curve]

    def paint(axes: Any) -> None:
        axes.plot(dropped, [point.precision for point in quality.curve], color=BLUE, label="precision")
        axes.plot(dropped, [point.recall for point in quality.curve], color=ORANGE, linestyle="--", label="recall")
        axes.axhline(quality.flipped.value, color=GREY, linewidth=1, linestyle=":", label="precision of a coin")
        if quality.precision.value is not None:
            own = quality.precision.n / quality.pairs
            axes.plot([own], [quality.precision.value], "o", color=BLUE, markersize=6)
            axes.plot([own], [quality.recall.value], "o", color=ORANGE, markersize=6)
        for axis in (axes.xaxis, axes.yaxis):
            in_percent(axis)
        axes.set_ylim(-0.03, 1.03)
        axes.legend(loc="best")
        axes.set(title="wrong labels found", xlabel="share of the pairs dropped")

    return draw(paint, "Precision and recall of dropping by margin")


def _plainest(report: FilterReport) -> list[int]:
    order = np.argsort(report.items.rank_by, kind="stable").tolist()
    return [index for index in order if not report.decisions[index].kept][:MOST_EXAMPLES]


def _closest(report: FilterReport) -> list[int]:
    order = np.argsort(report.items.rank_by, kind="stable").tolist()
    return [index for index in order if report.decisions[index].kept][:MOST_EXAMPLES]


def _shown(report: FilterReport, index: int) -> Shown:
    note = report.decisions[index].reason
    if report.items.prompt is not None:
        record = report.records[int(report.items.prompt[index])]
        first = report.items.prompt.index(report.items.prompt[index])
        return Shown(note, prompt_text(record.prompt), [("response", record.responses[index - first])])
    record = report.records[index]
    assert isinstance(record, Preference)
    labels = ["chosen", "rejected"]
    if not is_tie(record.target):
        labels[preferred_side(record.target)] += " (labelled better)"
    return Shown(note, prompt_text(record.prompt), list(zip(labels, record.responses, strict=True)))
