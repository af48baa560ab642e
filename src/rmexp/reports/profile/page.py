"""The page of `rmexp profile`."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from rmexp.metrics.preferred_side import is_tie
from rmexp.profile.baselines import MEANING
from rmexp.profile.profile import Profile
from rmexp.records import prompt_text
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.made import Made
from rmexp.reports.profile import plots, wording
from rmexp.statistics.shares import SHARE_METHOD

MOST_EXAMPLES = 6  # of each kind
MOST_FIELDS = 30


class Shown(NamedTuple):
    """A pair to be read.

    Attributes:
        id: of the record.
        prompt: its text.
        chosen: response listed first.
        rejected: the other.
        target: probability that the first is the better one.
        note: why it is shown.
    """

    id: str
    prompt: str
    chosen: str
    rejected: str
    target: float
    note: str


class Reading(NamedTuple):
    """Pairs of one kind, with a heading and a sentence."""

    title: str
    sentence: str
    pairs: Sequence[Shown]


def profile_report(profile: Profile, *, data: str, made: Made) -> str:
    """The whole page as HTML: one file without script or request, byte-identical for equal content.

    Args:
        profile: of the data.
        data: its name.
        made: how.
    """
    return render(
        "profile.html",
        profile=profile,
        data=data,
        made=made,
        prompts=len(np.unique(profile.texts.prompt)),
        baselines=plots.best_first(profile.baselines),
        names=plots.NAMES,
        fields=profile.fields[:MOST_FIELDS],
        meaning=MEANING,
        share_method=SHARE_METHOD,
        wording=wording,
        baselines_panel=_panel(plots.baselines_plot(profile.baselines), _baselines_caption(profile)),
        lengths_panel=_panel(plots.lengths_plot(profile), "The longest half per cent lies in the last bar."),
        difficulty_panel=_panel(plots.difficulty_plot(profile), "Dashed: the borders of the bins."),
        bins_panel=_panel(plots.bins_plot(profile), wording.bins_caption(profile)),
        readings=[reading for reading in _readings(profile) if reading.pairs],
        leaks=() if profile.leaks is None else profile.leaks.examples,
    )


def _panel(svg: str, caption: str) -> Panel:
    return Panel(Markup(svg), caption)


def _baselines_caption(profile: Profile) -> str:
    return f"The line is 50 %. Intervals take {profile.clusters:,} {profile.cluster} as independent."


def _readings(profile: Profile) -> Iterator[Reading]:
    contradicting = profile.examples.contradicting[: 2 * MOST_EXAMPLES].tolist()
    yield Reading(
        "Contradictions",
        "The same two responses to the same prompt, labelled in both directions, one after the other.",
        [_shown(profile, index, "one of two labels") for index in contradicting],
    )
    yield Reading(
        "Cycles",
        "Labels that cannot all be true of one order of the responses.",
        [_shown(profile, index, "on a cycle") for index in profile.examples.in_cycles[:MOST_EXAMPLES].tolist()],
    )
    order = np.argsort(profile.difficulty.ease, kind="stable")
    hardest = order[~is_tie(profile.texts.target[order])][:MOST_EXAMPLES].tolist()
    yield Reading(
        "Hardest pairs",
        f"Least ease, by {profile.difficulty.by}. Read them: it may be the label that is wrong.",
        [_shown(profile, index, f"ease {profile.difficulty.ease[index]:.3g}") for index in hardest],
    )


def _shown(profile: Profile, index: int, note: str) -> Shown:
    record = profile.records[index]
    return Shown(record.id, prompt_text(record.prompt), record.chosen, record.rejected, record.target, note)
