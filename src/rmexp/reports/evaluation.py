"""The page of `rmexp evaluate`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from rmexp.analysis.margins import margin_towards_label
from rmexp.analysis.orientation import pair_scores
from rmexp.analysis.pair_set import PairSet
from rmexp.metrics.preferred_side import preferred_side
from rmexp.records import prompt_text
from rmexp.reports import evaluation_figures as figures
from rmexp.reports import evaluation_wording as wording
from rmexp.reports.page import render
from rmexp.reports.panel import Panel

MOST_ERRORS = 8  # of each scorer and set
MOST_DRAWN = 4  # scorers in one figure


class SetView(NamedTuple):
    """Pairs and the scores that were judged on them.

    Attributes:
        pairs: of one split.
        scores: (N, 2) of each scorer and baseline.
        scorers: names of those that are no baselines, in their order.
        unscaled: names of those of them whose scores are no log-odds.
    """

    pairs: PairSet
    scores: Mapping[str, NDArray[np.floating[Any]]]
    scorers: Sequence[str]
    unscaled: Sequence[str] = ()


class EvaluationReport(NamedTuple):
    """Everything on the page.

    Attributes:
        evaluation: content of evaluation.json.
        views: the sets of pairs.
        run_folder: as text for the reader.
        config_yaml: composed configuration, redacted.
    """

    evaluation: Mapping[str, Any]
    views: Sequence[SetView]
    run_folder: str
    config_yaml: str


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
        title: data set and split.
        rows: figures over all of it, one a scorer.
        slices: figures of each part of it, a row a scorer.
        parts: the same by slice and scorer.
        scorers: names of those that are no rules.
        comparisons: of each two scorers.
        seeds: of methods that several scorers are seeds of.
        panels: its figures.
        mistakes: of each scorer.
        suite: what the public benchmark itself makes of it, by scorer.
    """

    title: str
    rows: Sequence[Mapping[str, Any]]
    slices: Sequence[Mapping[str, Any]]
    parts: Mapping[str, Mapping[str, Mapping[str, Any]]]
    scorers: Sequence[str]
    comparisons: Sequence[Mapping[str, Any]]
    seeds: Sequence[Mapping[str, Any]]
    panels: Sequence[Panel]
    mistakes: Mapping[str, Sequence[Mistake]]
    suite: Mapping[str, Mapping[str, float]]


def evaluation_report(report: EvaluationReport) -> str:
    """The whole page as HTML: one file without script or request, byte-identical for equal content."""
    return render(
        "evaluation.html",
        sections=[*_sections(report)],
        evaluation=report.evaluation,
        wording=wording,
        run_folder=report.run_folder,
        config_yaml=report.config_yaml,
    )


def _sections(report: EvaluationReport) -> Iterator[Section]:
    results, views = report.evaluation["results"], {(v.pairs.data, v.pairs.split): v for v in report.views}
    for place in dict.fromkeys((row["data"], row["split"]) for row in results):
        here, two, seeds = (
            [row for row in report.evaluation[part] if (row["data"], row["split"]) == place]
            for part in ("results", "comparisons", "seeds")
        )
        view = views.get(place)
        yield Section(
            " ".join(place),
            [row for row in here if row["slice"] is None],
            parts := [row for row in here if row["slice"] is not None],
            {name: {row["scorer"]: row for row in parts if row["slice"] == name} for name in _names(parts)},
            list(dict.fromkeys(row["scorer"] for row in here if not row["baseline"])),
            two,
            seeds,
            [] if view is None else [*_panels(view)],
            {} if view is None else {name: _mistakes(view, name) for name in view.scorers},
            {
                row["scorer"]: row["figures"]
                for row in report.evaluation["suites"]
                if (row["data"], row["split"]) == place
            },
        )


def _names(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["slice"] for row in parts))


def _panels(view: SetView) -> Iterator[Panel]:
    drawn = {name: pair_scores(view.scores[name]) for name in view.scorers[:MOST_DRAWN]}
    title, target = f"{view.pairs.data} {view.pairs.split}", view.pairs.target
    scaled = {name: scores for name, scores in drawn.items() if name not in view.unscaled}
    for draw, scores, caption in (
        (figures.reliability_figure, scaled, "On the line, confidence is what it says; below it, it is too much."),
        (figures.margin_figure, drawn, "Margins towards the label, in their own deviations: left of 0 is wrong."),
    ):
        if (svg := draw(title, scores, target)) is not None:
            yield Panel(Markup(svg), caption)
    if (svg := figures.length_figure(title, drawn, target, view.pairs.characters)) is not None:
        yield Panel(Markup(svg), "A meter of length would climb from 0 % on the left to 100 % on the right.")


def _mistakes(view: SetView, name: str) -> list[Mistake]:
    towards = margin_towards_label(pair_scores(view.scores[name]), view.pairs.target)
    worst = [index for index in np.argsort(towards, kind="stable")[:MOST_ERRORS].tolist() if towards[index] < 0]
    scaled = name not in view.unscaled
    return [_mistake(view, index, float(towards[index]), scaled=scaled) for index in worst]


def _mistake(view: SetView, index: int, margin: float, *, scaled: bool) -> Mistake:
    record = view.pairs.records[index]
    side = preferred_side(record.target)
    better, worse = record.responses[side], record.responses[1 - side]
    probability = float(np.exp(-np.logaddexp(0, margin))) if scaled else None
    return Mistake(record.id, margin, probability, prompt_text(record.prompt), better, worse)
