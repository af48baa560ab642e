"""The page of several runs: which settings differed, what they did, which were best, what failed."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import NamedTuple

from markupsafe import Markup

from rmexp.reports.drawing import numbers
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.drawing.visible import one_line, visible
from rmexp.reports.sweep.linked import LinkedRun, curve_panels, told_how
from rmexp.reports.sweep.plots import axis_plot, data_plot, heat_plot, ordered
from rmexp.runs.axes import SEED, Group, Settings, differing
from rmexp.runs.leaderboard import LEAD, Standing
from rmexp.runs.policy_standings import PolicyStanding
from rmexp.runs.rows import Row

MOST_LINES = 200  # of the leaderboard on the page; the file has all
MOST_CHARACTERS = 200  # of settings in the sentence that leads the page
MOST_PANELS = 6  # of figures for one data set


class Board(NamedTuple):
    """One set of pairs with all that was tested on it.

    Attributes:
        data: name of the data set.
        split: of it.
        shared: settings that all of them have, in words; empty when there are none.
        standings: the best first, with the settings that tell them apart.
        panels: figures.
        verdict: a sentence on the best.
    """

    data: str
    split: str
    shared: str
    standings: Sequence[Standing]
    panels: Sequence[Panel]
    verdict: str

    @property
    def place(self) -> str:
        """Data set and split, in words."""
        return self.standings[0].group.place


class SweepReport(NamedTuple):
    """What the page is made from.

    Attributes:
        folder: of the sweep, as text for the reader.
        runs: finished ones.
        axes: keys that differ, the seed among them.
        standings: of all data sets.
        failures: folder and error of each run that failed or was not finished.
        policies: of runs of reinforcement learning, the best first.
        linked: runs one by one, with their pages and curves.
        watched: whether the page asks the browser for its next version.
    """

    folder: str
    runs: int
    axes: Sequence[str]
    standings: Sequence[Standing]
    failures: Sequence[tuple[str, str]]
    policies: Sequence[PolicyStanding] = ()
    linked: Sequence[LinkedRun] = ()
    watched: bool = False


def sweep_report(report: SweepReport) -> str:
    """The whole page as HTML: one file without script or request."""
    boards = [*_boards(report)]
    best = [board.standings[0].group for board in boards]
    side_by_side = Panel(Markup(data_plot(best)), _side_by_side_caption(best)) if len(best) > 1 else None
    return render(
        "sweep.html",
        report=report,
        boards=boards,
        side_by_side=side_by_side,
        best=best,
        label=label,
        accuracy_of=accuracy_of,
        most=MOST_LINES,
        seeds=SEED in report.axes,
        methods=methods(report.standings),
        lead_method=LEAD,
        verdict=_lead(report, boards),
        pages_of=partial(_pages_of, {run.folder: run for run in report.linked if run.href}),
        curves=[*curve_panels(report.linked, best[0].folders if best else ())],
        told_how=told_how(report.linked),
    )


def _pages_of(pages: Mapping[str, LinkedRun], folders: Sequence[str]) -> list[LinkedRun]:
    """The runs of a line where each of them has a page."""
    found = [pages[folder] for folder in folders if folder in pages]
    return found if len(found) == len(folders) else []


def _lead(report: SweepReport, boards: Sequence[Board]) -> str:
    """The sentence that leads the page."""
    if report.policies:
        first = report.policies[0]
        gained = f"its reward moved by {numbers.decimals(first.gain)} deviations"
        if first.gold is not None:
            gained += f", the true one by {numbers.decimals(first.gold)}"
        best = one_line(label(first.settings), MOST_CHARACTERS)
        return f"Best: {best}; {gained}, {numbers.decimals(first.kl)} nats from its start."
    if not boards:
        return "No run has figures on pairs yet."
    return boards[0].verdict if len(boards) == 1 else f"{boards[0].place}. {boards[0].verdict}"


def methods(standings: Sequence[Standing]) -> list[str]:
    """How the intervals of the accuracies were found, in words, each once."""
    return list(dict.fromkeys(line.group.method for line in standings if line.group.low is not None))


def _boards(report: SweepReport) -> Iterator[Board]:
    places = dict.fromkeys((line.group.data, line.group.split) for line in report.standings)
    for data, split in places:
        own = [line for line in report.standings if (line.group.data, line.group.split) == (data, split)]
        apart = differing([line.group for line in own])
        shared = {key: value for key, value in own[0].group.settings.items() if key not in apart and value is not None}
        own = [line._replace(group=_told_by(line.group, apart)) for line in own]
        panels = [*_panels([line.group for line in own], f"{data} {split}")]
        yield Board(data, split, label(shared) if shared else "", own, panels, _verdict(own))


def _told_by(group: Group, axes: Sequence[str]) -> Group:
    return group._replace(settings={axis: group.settings[axis] for axis in axes})


def _panels(groups: Sequence[Group], where: str) -> Iterator[Panel]:
    axes = list(groups[0].settings)
    left = MOST_PANELS
    for axis in axes[:left]:
        caption = "Thin lines join runs alike in everything else, bars are their 95 % intervals."
        yield Panel(Markup(axis_plot(groups, axis, where)), caption)
    for first, second in [*combinations(axes, 2)][: max(0, left - len(axes))]:
        svg = heat_plot(groups, *_longer_down(groups, first, second), where)
        yield Panel(Markup(svg), "Means over seeds and all other settings.")


def _longer_down(groups: Sequence[Group], first: str, second: str) -> tuple[str, str]:
    """The two with the one that has more values second: it goes along the page."""
    count = {axis: len(ordered({str(group.settings[axis]): 0 for group in groups})) for axis in (first, second)}
    return (first, second) if count[first] <= count[second] else (second, first)


def _verdict(standings: Sequence[Standing]) -> str:
    best = standings[0]
    text = f"Best: {label(best.group.settings)}, {accuracy_of(best.group)}"
    if len(standings) == 1:
        return f"{text}."
    if best.lead is None:
        return (
            f"{text}; the next one was not scored on the same pairs, so that they cannot be tested against each other."
        )
    if best.p is None:
        return (
            f"{text}, {100 * best.lead:.1f} points before the next one; too few prompts tell the two apart for a test, "
            "or the runs did not write down which pairs share a prompt."
        )
    lead = f"{100 * best.lead:.1f} points before the next one (p {numbers.p_value(best.p)}, Holm)"
    if best.p < 0.05:
        return f"{text}, {lead}."
    return f"{text}, {lead}: no difference that these pairs could show."


def _side_by_side_caption(best: Sequence[Group]) -> str:
    hardest = min(best, key=lambda group: group.accuracy)
    return (
        f"The best settings on each set of pairs; {hardest.data} {hardest.split} is the hardest "
        f"({numbers.percent(hardest.accuracy)})."
    )


def label(settings: Settings) -> str:
    """Settings in a few words."""
    return ", ".join(f"{key}={value}" for key, value in settings.items()) or "these runs"


def accuracy_of(group: Group) -> str:
    """An accuracy, with the remark beside it where the pairs were trained on."""
    return " ".join(filter(None, (numbers.percent(group.accuracy), group.learnt and f"({group.learnt})")))


def leaderboard_csv(standings: Sequence[Standing]) -> str:
    """Every line with its figures, settings in columns of their own."""
    rows = [_row(line) for line in standings]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def policies_csv(policies: Sequence[PolicyStanding]) -> str:
    """Every line with its figures, settings in columns of their own."""
    text = io.StringIO()
    figures = ("gain", "low", "high", "gold", "kl", "seconds")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["rank", *policies[0].settings, *figures, "runs", "folders"])
    for rank, line in enumerate(policies, 1):
        values = (getattr(line, name) for name in figures)
        writer.writerow([rank, *line.settings.values(), *values, len(line.folders), " ".join(line.folders)])
    return text.getvalue()


def _row(line: Standing) -> Row:
    group = line.group
    return {
        **{"data": group.data, "split": group.split, "selected_on": group.selected_on, "rank": line.rank},
        **group.settings,
        **{"accuracy": group.accuracy, "low": group.low, "high": group.high, "method": group.method, "few": group.few},
        **{"trained_on": group.trained_on, "nll": group.nll},
        **{"longer": group.longer, "ceiling": group.ceiling, "runs": len(group.accuracies), "pairs": group.n},
        **{"lead": line.lead, "lead_low": line.lead_low, "lead_high": line.lead_high, "p": line.p},
        **{"seconds": round(group.seconds, 2), "folders": " ".join(group.folders)},
    }


def leaderboard_markdown(standings: Sequence[Standing]) -> str:
    """A table for a README."""
    lines = [
        "| data | rank | settings | accuracy | 95 % | nll | runs | p to the next |",
        "|---|--:|---|--:|---|--:|--:|--:|",
    ]
    for line in standings:
        group = line.group
        bounds = "" if group.low is None else f"[{numbers.percent(group.low)}, {numbers.percent(group.high)}]"
        cells = (
            *(group.place, line.rank, label(group.settings), accuracy_of(group), bounds),
            *(numbers.number(group.nll), len(group.accuracies), "" if line.p is None else numbers.p_value(line.p)),
        )
        lines.append(
            "| " + " | ".join(visible(str(cell)).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
        )
    return "\n".join(lines) + "\n"
