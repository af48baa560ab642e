"""The page of `rmexp evaluate`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from rmexp.evaluation.figures import Figures
from rmexp.evaluation.judgement import Judgement
from rmexp.evaluation.measures.margins import towards_label
from rmexp.metrics.preferred_side import preferred_side
from rmexp.records import Preference, prompt_text
from rmexp.reports.cut import cut_sentence
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.evaluation import plots, wording
from rmexp.reports.evaluation.wording import conclusions
from rmexp.reports.made import Made
from rmexp.reports.seen import apart_sentences
from rmexp.runs.summaries.read import ReadBy
from rmexp.runs.summaries.seed_groups import MethodFigure
from rmexp.runs.summaries.seen import SeenBy
from rmexp.statistics.means import MEAN_METHOD
from rmexp.statistics.shares import SHARE_METHOD

MOST_ERRORS = 8  # of each scorer and set
MOST_DRAWN = 4  # scorers in one figure


class EvaluationReport(NamedTuple):
    """Everything on the page.

    Attributes:
        judgements: of each set.
        seeds: figures of methods that several scorers are seeds of.
        made: how.
        seen: how much of each set the model of each scorer had seen before.
        read: of each set by each scorer that reads tokens.
    """

    judgements: Sequence[Judgement]
    seeds: Sequence[MethodFigure]
    made: Made
    seen: Sequence[SeenBy] = ()
    read: Sequence[ReadBy] = ()


class Mistake(NamedTuple):
    """A pair that a scorer puts in the wrong order with confidence; no probability where margins are no log-odds."""

    id: str
    margin: float
    probability: float | None
    prompt: str
    better: str
    worse: str


class Section(NamedTuple):
    """What the page says of one set.

    Attributes:
        judgement: of it.
        verdict: the sentence that a reader should take from it.
        sentences: the others.
        rows: figures over all of it, one a scorer.
        parts: figures of each part of it, by slice and scorer.
        seeds: of methods that several scorers are seeds of.
        panels: its plots.
        mistakes: of each scorer.
    """

    judgement: Judgement
    verdict: str
    sentences: Sequence[str]
    rows: Sequence[Figures]
    parts: Mapping[str, Mapping[str, Figures]]
    seeds: Sequence[MethodFigure]
    panels: Sequence[Panel]
    mistakes: Mapping[str, Sequence[Mistake]]


def evaluation_report(report: EvaluationReport) -> str:
    """The whole page as HTML: one file without script or request, byte-identical for equal content."""
    return render(
        "evaluation.html",
        sections=[_section(one, report) for one in report.judgements],
        scorers=report.judgements[0].scorers,
        seeds=report.seeds,
        share_method=SHARE_METHOD,
        mean_method=MEAN_METHOD,
        wording=wording,
        made=report.made,
    )


def _section(judgement: Judgement, report: EvaluationReport) -> Section:
    parts: dict[str, dict[str, Figures]] = {}
    for one in judgement.figures:
        if one.slice is not None:
            parts.setdefault(one.slice, {})[one.scorer] = one
    test, pairs = judgement.test, judgement.test.gold is None
    seeds = [row for row in report.seeds if (row.data, row.split) == (test.data, test.split)]
    seen = [one for one in report.seen if (one.data, one.split) == (test.data, test.split)]
    read = [one for one in report.read if (one.data, one.split) == (test.data, test.split)]
    verdict, *said = [
        *conclusions(judgement.figures, judgement.paired, seeds),
        *apart_sentences(seen, judgement.figures),
        *(cut_sentence(one.scorer, one.max_tokens, one.counts) for one in read),
    ]
    return Section(
        judgement,
        verdict,
        said,
        [one for one in judgement.figures if one.slice is None],
        parts,
        seeds,
        [*_panels(judgement)] if pairs else [],
        {name: _mistakes(judgement, name) for name in judgement.scorers} if pairs else {},
    )


def _panels(judgement: Judgement) -> Iterator[Panel]:
    test = judgement.test
    scores = judgement.headline_scores
    drawn = {name: scores[name] for name in judgement.scorers[:MOST_DRAWN]}
    calibrated = {name: scores for name, scores in drawn.items() if scores.log_odds}
    ideal = f"On the line, confidence is what it says; below it, it is too much. {plots.BARS}"
    meter = "A meter of length would climb from 0 % on the left to 100 % on the right."
    for draw, shown, caption in (
        (plots.reliability_plot, calibrated, ideal + plots.in_small_bins(test, calibrated)),
        (plots.margin_plot, drawn, "Margins towards the label, in their own deviations: left of 0 is wrong."),
        (plots.length_plot, drawn, meter + plots.in_small_lengths(test, drawn)),
    ):
        if (svg := draw(test, shown)) is not None:
            yield Panel(Markup(svg), caption)


def _mistakes(judgement: Judgement, name: str) -> list[Mistake]:
    test, scores = judgement.test, judgement.headline_scores[name]
    towards = towards_label(scores.margin, test.target)
    worst = [index for index in np.argsort(towards, kind="stable")[:MOST_ERRORS].tolist() if towards[index] < 0]
    return [_mistake(test.pairs[index], float(towards[index]), log_odds=scores.log_odds) for index in worst]


def _mistake(pair: Preference, margin: float, *, log_odds: bool) -> Mistake:
    side = preferred_side(pair.target)
    better, worse = pair.responses[side], pair.responses[1 - side]
    probability = float(np.exp(-np.logaddexp(0, margin))) if log_odds else None
    return Mistake(pair.id, margin, probability, prompt_text(pair.prompt), better, worse)
