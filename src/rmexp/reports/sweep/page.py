"""The page of several runs: which settings differed, what they did, which were best, what failed."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import NamedTuple

from markupsafe import Markup

from rmexp.reports.drawing import numbers
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.drawing.visible import one_line
from rmexp.reports.sweep.files import accuracy_of
from rmexp.reports.sweep.linked import LinkedRun, curve_panels, told_how
from rmexp.reports.sweep.plots import axis_plot, data_plot, heat_plot, ordered, runs_plot
from rmexp.runs.axes import ABSENT, SEED, differing
from rmexp.runs.groups import Group
from rmexp.runs.leaderboard import LEAD, Standing
from rmexp.runs.named_settings import in_words
from rmexp.runs.policy_standings import PolicyStanding, told_apart

MOST_LINES = 200  # of the leaderboard on the page; the file has all
MOST_CHARACTERS = 200  # of settings in the sentence that leads the page
MOST_PANELS = 6  # of figures for one data set


class Board(NamedTuple):
    """One set of pairs with all that was tested on it.

    Attributes:
        shared: settings that all of them have, in words; empty when there are none.
        standings: the best first, with the settings that tell them apart.
        panels: figures.
        verdict: a sentence on the best.
    """

    shared: str
    standings: Sequence[Standing]
    panels: Sequence[Panel]
    verdict: str

    @property
    def place(self) -> str:
        """Data set and split, in words."""
        return self.standings[0].group.place

    @property
    def of_policy(self) -> bool:
        """Whether these are rewards of policies, which learnt something else than to order pairs."""
        return self.standings[0].group.of_policy


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
        policies=told_apart(report.policies),
        in_words=in_words,
        accuracy_of=accuracy_of,
        most=MOST_LINES,
        seeds=SEED in report.axes,
        methods=methods(report.standings),
        lead_method=LEAD,
        verdict=" ".join(_lead(report, boards)),
        others=[board for board in boards if board is not _leading(report, boards)],
        pages_of=partial(_pages_of, {run.folder: run for run in report.linked if run.href}),
        curves=[*curve_panels(report.linked, best[0].folders if best else ())],
        told_how=told_how(report.linked),
    )


def _pages_of(pages: Mapping[str, LinkedRun], folders: Sequence[str]) -> list[LinkedRun]:
    """The runs of a line where each of them has a page."""
    found = [pages[folder] for folder in folders if folder in pages]
    return found if len(found) == len(folders) else []


def _leading(report: SweepReport, boards: Sequence[Board]) -> Board | None:
    """The set of pairs that leads the page: none where there are policies alone, whose gains do."""
    if not boards:
        return None
    return next((board for board in boards if not board.of_policy), None if report.policies else boards[0])


def _lead(report: SweepReport, boards: Sequence[Board]) -> Iterator[str]:
    """The sentences that lead the page."""
    board = _leading(report, boards)
    if report.policies:
        yield _on_policies(report.policies)
    if board is not None:
        yield board.verdict if len(boards) == 1 else f"{board.place}. {board.verdict}"
    elif not report.policies:
        yield "No run has figures on pairs yet."


def _on_policies(policies: Sequence[PolicyStanding]) -> str:
    """The best policy, where all gains are measured alike."""
    first = told_apart(policies)[0]
    if any(line.measure != first.measure for line in policies):
        return (
            f"{len(policies)} policies that learnt from different rewards, prompts or starts: their gains cannot be "
            "compared, so that none of them is the best."
        )
    true = "" if first.gold is None else f", the true one by {numbers.decimals(first.gold)}"
    kl = numbers.decimals(first.kl)
    gained = f"reward moved by {numbers.decimals(first.gain)} deviations{true}, {kl} nats from its start."
    if len(policies) == 1:
        return f"The policy's {gained}"
    return f"Best: {one_line(in_words(first.settings), MOST_CHARACTERS)}; its {gained}"


def methods(standings: Sequence[Standing]) -> list[str]:
    """How the intervals of the accuracies were found, in words, each once."""
    return list(dict.fromkeys(line.group.method for line in standings if line.group.low is not None))


def _boards(report: SweepReport) -> Iterator[Board]:
    for board in dict.fromkeys(line.group.board for line in report.standings):
        own = [line for line in report.standings if line.group.board == board]
        apart = differing([line.group.settings for line in own])
        settings = own[0].group.settings
        shared = {key: value for key, value in settings.items() if key not in apart and value not in (None, ABSENT)}
        own = [line._replace(group=_told_by(line.group, apart)) for line in own]
        where = " ".join(filter(None, (f"{board[0]} {board[1]}", board[3])))
        panels = [*_panels([line.group for line in own], where)]
        yield Board(in_words(shared) if shared else "", own, panels, _verdict(own))


def _told_by(group: Group, axes: Sequence[str]) -> Group:
    return group._replace(settings={axis: group.settings[axis] for axis in axes})


def _panels(groups: Sequence[Group], where: str) -> Iterator[Panel]:
    axes = list(groups[0].settings)
    left = MOST_PANELS
    if not axes and len(groups[0].accuracies) > 1:
        yield Panel(Markup(runs_plot(groups[0], where)), f"Each run by itself, and all together.{_wide(groups)}")
    joined = "" if len(axes) == 1 else " Thin lines join runs alike in everything else but the seed."
    for axis in axes[:left]:
        caption = f"Points: runs. Squares: their means. Bars: 95 % intervals.{joined}{_wide(groups)}"
        yield Panel(Markup(axis_plot(groups, axis, where)), caption)
    for first, second in [*combinations(axes, 2)][: max(0, left - len(axes))]:
        svg = heat_plot(groups, *_longer_down(groups, first, second), where)
        yield Panel(Markup(svg), "Means over seeds and all other settings, the best in bold.")


def _wide(groups: Sequence[Group]) -> str:
    """What makes intervals wide beside the points of their runs."""
    return " Two seeds say little of others: hence wide bars." if any(len(g.accuracies) == 2 for g in groups) else ""


def _longer_down(groups: Sequence[Group], first: str, second: str) -> tuple[str, str]:
    """The two with the one that has more values second: it goes along the page."""
    count = {axis: len(ordered({str(group.settings[axis]): 0 for group in groups})) for axis in (first, second)}
    return (first, second) if count[first] <= count[second] else (second, first)


def _verdict(standings: Sequence[Standing]) -> str:
    best = standings[0]
    if len(standings) == 1:
        return f"{accuracy_of(best.group)} of {numbers.counted(best.group.n, 'pair')} stand in the right order."
    text = f"Best: {in_words(best.group.settings)}, {accuracy_of(best.group)}"
    if best.lead is None:
        return f"{text}; no test against the next one, as the two left no figures of the same pairs one by one."
    if best.p is None:
        return (
            f"{text}, {100 * best.lead:.1f} points before the next one; too few prompts tell the two apart for a test, "
            "or the runs did not write down which pairs share a prompt."
        )
    seeds = " with these seeds" if any(len(line.group.folders) > 1 for line in standings[:2]) else ""
    lead = f"{100 * best.lead:.1f} points before the next one{seeds} (p {numbers.p_value(best.p)} over prompts, Holm)"
    if best.p < 0.05:
        return f"{text}, {lead}."
    return f"{text}, {lead}: no difference that these pairs could show."


def _side_by_side_caption(best: Sequence[Group]) -> str:
    hardest, *others = sorted(best, key=lambda group: group.accuracy)
    text = "The best settings on each set of pairs"
    if hardest.accuracy == others[0].accuracy:
        return f"{text}."
    return f"{text}; {hardest.place} is the hardest ({numbers.percent(hardest.accuracy)})."
