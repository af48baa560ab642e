"""Runs that a page of several shows one by one: a link to the page of each, and their curves on one pair of axes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from rmexp.reports.drawing.curves import Curve, Rows, curve, thinned
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.drawing.svg import BLUE, GREEN, GREY, ORANGE, draw
from rmexp.reports.drawing.ticks import in_percent
from rmexp.reports.drawing.visible import one_line
from rmexp.reports.made import Made
from rmexp.runs.axes import SEED, Settings
from rmexp.runs.named_settings import in_words

MOST_CURVES = 40  # in one figure
MOST_POINTS = 60  # of a curve
STYLES = tuple((colour, line) for line in ("-", "--") for colour in (BLUE, ORANGE, GREEN, GREY))
FIGURES = (  # column, title, and name of its axis
    ("rollout/reward", "reward of the samples", "reward"),
    ("train/loss", "training loss", "loss"),
    ("val/loss", "validation loss", "loss"),
    ("val/accuracy", "validation accuracy", "pairs in the right order"),
)


class LinkedRun(NamedTuple):
    """A run of the page.

    Attributes:
        folder: as `Run.folder`.
        name: of it, for the reader.
        href: of its own page, from where this page lies; None where it has none.
        settings: value of each axis, that of the seed among them.
        made: how it was made.
        rows: of its metrics.csv; none where it did not train.
    """

    folder: str
    name: str
    href: str | None
    settings: Settings
    made: Made
    rows: Rows = ()


class How(NamedTuple):
    """A command line with its versions, and how many of the runs it made."""

    runs: int
    command: str
    versions: str


def told_how(linked: Sequence[LinkedRun]) -> list[How]:
    """The commands that the runs were made by, each once."""
    found: dict[tuple[str, str], int] = {}
    for run in linked:
        key = (run.made.command, run.made.versions)
        found[key] = found.get(key, 0) + 1
    return [How(runs, *key) for key, runs in found.items()]


def curve_panels(linked: Sequence[LinkedRun], best: Sequence[str]) -> Iterator[Panel]:
    """The curves of the runs on common axes, a figure for each column that some of them logged.

    Args:
        linked: runs in the order of the page.
        best: folders of the best line, told apart where there are too many to name all.
    """
    for column, title, label in FIGURES:
        curves = [(run, thinned(curve(run.rows, column), MOST_POINTS)) for run in linked[:MOST_CURVES]]
        curves = [(run, found) for run, found in curves if len(found.x)]
        if len(curves) > 1:
            left = f" The first {MOST_CURVES} of {len(linked)} runs." if len(linked) > MOST_CURVES else ""
            seeds = " Runs alike but for the seed look alike." if SEED in curves[0][0].settings else ""
            yield Panel(Markup(_plot(curves, best, title, label)), f"{title.capitalize()} of each run.{seeds}{left}")


def _plot(curves: Sequence[tuple[LinkedRun, Curve]], best: Sequence[str], title: str, label: str) -> str:
    lines: dict[str, list[tuple[LinkedRun, Curve]]] = {}
    for run, found in curves:
        lines.setdefault(_alike(run.settings), []).append((run, found))

    def paint(axes: Any) -> None:
        for name, members in lines.items():
            style, told = _style(list(lines), name, leads=any(run.folder in best for run, _ in members))
            for place, (_, found) in enumerate(members):
                marker = "o" if len(found.x) == 1 else None
                axes.plot(found.x, found.values, marker=marker, markersize=3, label=None if place else told, **style)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
        if label == "pairs in the right order":
            in_percent(axes.yaxis)
            bottom, top = axes.get_ylim()
            axes.set_ylim(top=min(top, 1 + 0.05 * (1 - bottom)))  # there is nothing above
        axes.set(title=title, xlabel="iteration" if label == "reward" else "step", ylabel=label)
        axes.figure.legend(loc="outside lower center", ncols=1 if len(lines) <= 4 else 2, fontsize=7.5)

    height = 2.6 + 0.14 * min(len(lines), len(STYLES))
    return draw(paint, f"{title.capitalize()} of each run", width=3.6, height=height)


def _style(names: Sequence[str], name: str, *, leads: bool) -> tuple[Mapping[str, object], str | None]:
    """How a line is drawn, and what the legend calls it: the best against the others where there are many."""
    place = names.index(name)
    if len(names) <= len(STYLES):
        colour, line = STYLES[place]
        return {"color": colour, "linestyle": line, "linewidth": 1.3}, one_line(name, 40)
    if leads:
        return {"color": BLUE, "linewidth": 1.8, "zorder": 3}, one_line(f"best: {name}", 40)
    return {"color": GREY, "linewidth": 0.7, "alpha": 0.6}, "the others" if place == len(names) - 1 else None


def _alike(settings: Settings) -> str:
    return in_words({key: value for key, value in settings.items() if key != SEED})
