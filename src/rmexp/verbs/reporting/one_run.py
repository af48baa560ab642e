"""The page of one run of training, put together from its files."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from omegaconf import MISSING, OmegaConf

from rmexp.config.compose import compose_unchecked
from rmexp.config.identity.followed import followed
from rmexp.config.identity.run_settings import run_settings
from rmexp.config.identity.saved import PLACES
from rmexp.config.identity.values import leaves, todays_values, without_implied
from rmexp.config.problems import ConfigurationError
from rmexp.durable import write_text
from rmexp.evaluation.measures.orientation import preferred_first
from rmexp.evaluation.per_pair import PairRow, read_pairs
from rmexp.jsonl import parse_row
from rmexp.left_files import read_yaml
from rmexp.lines import read_lines
from rmexp.reports.made import made_in
from rmexp.reports.run.content import PolicySample, RunReport, SamplePair, ScoredSet, headline
from rmexp.reports.run.page import run_report
from rmexp.runs.begun import has_begun
from rmexp.runs.failure import read_failure
from rmexp.runs.files import CONFIG, FAILURE
from rmexp.runs.folder import read_config, read_environment
from rmexp.runs.results import SAMPLES
from rmexp.runs.rows import from_row
from rmexp.runs.summaries.file import SUMMARY, read_summary
from rmexp.runs.summaries.train import TrainSummary
from rmexp.scoring.scored_file import read_scored
from rmexp.tracking.metrics_csv import read_metrics
from rmexp.verbs.reporting.typed import typed_overrides

REPORT, METRICS = "report.html", "metrics.csv"
MOST_SAMPLES = 8  # of a policy's responses on its page, the latest
MOST_WORST = 10  # of the held-out pairs, those that are ordered worst
MADE_FROM = (CONFIG, SUMMARY, FAILURE, METRICS, "samples.jsonl")


def is_run(folder: Path) -> bool:
    """Whether a folder is that of one run."""
    return (folder / CONFIG).is_file()


def is_of_another_verb(folder: Path) -> bool:
    """Whether a run is of a verb that has written its page itself."""
    return (folder / SUMMARY).is_file() and read_summary(folder, TrainSummary) is None


def is_training(folder: Path) -> bool:
    """Whether a folder is that of a run of training, finished or not."""
    if (folder / SUMMARY).is_file():
        return read_summary(folder, TrainSummary) is not None
    return is_run(folder) and read_environment(folder).command[1:2] == ("train",)


def write_run_page(folder: Path, *, watched: bool = False) -> Path:
    """Write report.html.

    Args:
        folder: of a run of training.
        watched: whether the page asks the browser for its next version.

    Raises:
        ValueError: the run is of another verb, or what it left is damaged.
    """
    page = folder / REPORT
    if is_of_another_verb(folder):
        raise ValueError(f"{folder}: a run of another verb than train has its own report, {page}")
    summary, settings = read_summary(folder, TrainSummary), run_settings(folder)
    content = RunReport(
        made=made_in(folder, read_config(folder)),
        data=str(settings.get("data.name", "not known")),
        model=str(settings.get("model.name", "not known")),
        summary=summary,
        rows=read_metrics(folder / METRICS),
        samples=_samples(folder / "samples.jsonl"),
        changed=[*_changed(folder)],
        failure=read_failure(folder),
        scored=scored_set(folder, summary),
        checkpoint=any(folder.glob("checkpoints/*.ckpt")),
        begun=has_begun(folder),
        watched=watched,
    )
    write_text(page, run_report(content))
    return page


def is_outdated(folder: Path) -> bool:
    """Whether the page of a run is missing, or older than a file that it is made from."""
    page = folder / REPORT
    if not page.is_file():
        return True
    made = page.stat().st_mtime_ns
    return any((folder / name).is_file() and (folder / name).stat().st_mtime_ns > made for name in MADE_FROM)


def _samples(path: Path) -> list[PolicySample]:
    """The latest responses of a policy; none of a run that samples none."""
    rows = [parse_row(path, *line) for line in read_lines(path)][-MOST_SAMPLES:] if path.is_file() else []
    return [from_row(PolicySample, row) for row in rows]


def _changed(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Settings of a run that the options it chose do not have by themselves."""
    overrides = typed_overrides(folder)
    choices = [text for text in overrides if "." not in text.partition("=")[0].partition("@")[0]]
    own = [text for text in choices if text.partition("=")[0] not in (*PLACES, "seed") and "," not in text]
    try:
        composed = compose_unchecked("train", own).config
    except ConfigurationError:  # of a tree that is no longer there
        composed = compose_unchecked("train", []).config
    plain = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(plain, dict)
    defaults, told = leaves(plain), leaves(followed(plain))
    content = read_yaml(folder / CONFIG)
    here = todays_values(followed(content))
    for key, value in without_implied(todays_values(content)).items():
        if key not in PLACES and defaults.get(key, MISSING) != value and told.get(key, MISSING) != here.get(key, value):
            default = told.get(key, "not there")
            yield key, _told(here.get(key, value)), "not set" if default == MISSING else _told(default)


def _told(value: object) -> str:
    """A value as it is typed."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def scored_set(folder: Path, summary: TrainSummary | None) -> ScoredSet | None:
    """The set that the headline of a run is of; None where it has none, or left no scores."""
    row = None if summary is None else headline(summary)
    if row is None:
        return None
    pairs = [pair for pair in read_pairs(folder) if (pair.data, pair.split) == (row.data, row.split)]
    if not pairs:
        return None
    worst = [one for one in _pairs_shown(folder) if (one.data, one.split, one.judged) == (row.data, row.split, "worst")]
    margin, target = np.array([(pair.margin, pair.target) for pair in pairs], np.float64).T
    return ScoredSet(row, margin, target, _rewards(folder / "scored" / f"{row.split}.jsonl", pairs), worst[:MOST_WORST])


def _rewards(path: Path, pairs: list[PairRow]) -> NDArray[np.float64]:
    """(M, 2) rewards of the better and of the other response of each pair; those of labelled ties as listed."""
    if not path.is_file():
        return np.empty((0, 2))
    scores = {row.id: row.scores for row in read_scored(path)[0]}
    found = [(scores[pair.id], pair.target) for pair in pairs if pair.id in scores]
    rewards = np.array([both for both, _ in found], np.float64).reshape(-1, 2)
    oriented: NDArray[np.float64] = preferred_first(rewards, np.array([target for _, target in found]))
    return oriented


def _pairs_shown(folder: Path) -> Iterator[SamplePair]:
    path = folder / SAMPLES
    for line in read_lines(path) if path.is_file() else ():
        yield from_row(SamplePair, parse_row(path, *line))
