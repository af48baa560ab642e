"""Every run below some folders, of whatever verb, with what tells it apart in a list."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rmexp.jsonl import JsonObject
from rmexp.runs.axes import Settings
from rmexp.runs.failure import read_failure
from rmexp.runs.files import CONFIG
from rmexp.runs.folder import read_environment
from rmexp.runs.found import run_folders
from rmexp.runs.results import results_of
from rmexp.runs.summaries.best_of_n import BestOfNSummary
from rmexp.runs.summaries.compare import CompareSummary
from rmexp.runs.summaries.evaluate import EvaluateSummary
from rmexp.runs.summaries.file import read_summary, summary_row, verb_of
from rmexp.runs.summaries.held_out import headline_of, learnt_words
from rmexp.runs.summaries.train import TrainSummary

FINISHED, FAILED, NOT_FINISHED = "finished", "failed", "not finished"


class ListedRun(NamedTuple):
    """A run in a list.

    Attributes:
        folder: of it.
        kind: the verb, of training the task; empty where it is not known.
        state: `finished`, `failed` or `not finished`.
        data: name of the data set; empty where there is none, as for the others.
        model: name of the model, or of what was scored with.
        started: in UTC.
        seconds: that it took; None where it has not finished.
        figure: what its headline is, such as `accuracy`.
        value: of that figure; None where there is none.
        learnt: what is said beside it where its pairs were trained on.
    """

    folder: Path
    kind: str
    state: str
    data: str
    model: str
    started: str
    seconds: float | None
    figure: str
    value: float | None
    learnt: str = ""


class _Headline(NamedTuple):
    """What a run is looked up for; fields as those of `ListedRun`."""

    figure: str
    value: float | None
    learnt: str = ""


_NOTHING = _Headline("", None)


def listed_runs(folders: Sequence[Path], settings_of: Callable[[Path], Settings]) -> list[ListedRun]:
    """Runs at or below folders, the latest first.

    Args:
        folders: to look in.
        settings_of: reads what a run folder was configured with.
    """
    paths = dict.fromkeys(path for folder in folders for path in run_folders(folder))
    return sorted((_listed(path, settings_of) for path in paths), key=lambda run: run.started, reverse=True)


def _listed(path: Path, settings_of: Callable[[Path], Settings]) -> ListedRun:
    settings = settings_of(path) if (path / CONFIG).is_file() else {}
    environment, row = read_environment(path), summary_row(path)
    verb = verb_of(row) if row else next(iter(environment.command[1:2]), "")
    headline = _NOTHING if row is None else _headline(path, row)
    state = FINISHED if row else FAILED if read_failure(path) else NOT_FINISHED
    return ListedRun(
        folder=path,
        kind=str(settings.get("task.name") or settings.get("task") or verb) if verb == "train" else verb or "",
        state=state,
        data=_text(settings, "data.name"),
        model=_text(settings, "model.name") or _text(settings, "scorer.name"),
        started=environment.start or "",
        seconds=None if row is None else _seconds(row),
        figure=headline.figure,
        value=headline.value,
        learnt=headline.learnt,
    )


def _text(settings: Settings, key: str) -> str:
    value = settings.get(key)
    return "" if value is None or str(value).startswith("${") else str(value)


def _seconds(row: JsonObject) -> float | None:
    seconds = row.get("seconds")
    if isinstance(seconds, Mapping):
        return float(seconds["all"]) if "all" in seconds else float(sum(seconds.values()))
    return None if seconds is None else float(seconds)


def _headline(path: Path, row: JsonObject) -> _Headline:
    verb = verb_of(row)
    if verb == "train":
        return _of_training(path)
    if verb == "profile":
        return _Headline("best baseline", row["baselines"][row["best_baseline"]]["accuracy"])
    if verb == "filter":
        return _Headline("kept", row["kept"] / row["units"] if row["units"] else None)
    if verb == "evaluate":
        return _of_evaluation(path)
    if verb == "compare":
        return _of_comparison(path)
    if verb == "best-of-n":
        return _of_picks(path)
    return next(_figures(path, str(verb)), _NOTHING)


def _of_training(path: Path) -> _Headline:
    summary = read_summary(path, TrainSummary)
    assert summary is not None
    if summary.policy is not None:
        return _Headline("gain, SD", summary.policy.reward.gain)
    whole = [one for one in summary.evaluation if one.slice is None and one.accuracy is not None]
    if whole:
        held_out = headline_of([one for one in whole if one.data == whole[0].data])
        return _Headline("accuracy", held_out.accuracy, held_out.learnt)
    if summary.val.accuracy is not None:
        return _Headline("accuracy", summary.val.accuracy)
    return _Headline("validation loss", summary.val.loss)


def _of_evaluation(path: Path) -> _Headline:
    """The best accuracy of its scorers on its sets."""
    summary = read_summary(path, EvaluateSummary)
    assert summary is not None
    whole = [one for one in summary.results if one.figures.slice is None and one.figures.accuracy.value is not None]
    if not whole:
        return _NOTHING
    best = max(whole, key=lambda one: one.figures.accuracy.value or 0.0)
    place, labelled = (best.scorer, best.data, best.split), best.figures.n - best.figures.label_ties
    trained_on = sum(one.seen.pairs for one in summary.seen if one.kept and (one.scorer, one.data, one.split) == place)
    return _Headline("accuracy", best.figures.accuracy.value, learnt_words(min(trained_on, labelled), labelled))


def _of_comparison(path: Path) -> _Headline:
    """The better accuracy of the two rewards."""
    summary = read_summary(path, CompareSummary)
    assert summary is not None
    split = summary.splits[summary.headline]
    both = ((summary.explicit, split.explicit_trained_on), (summary.implicit, split.implicit_trained_on))
    better, trained_on = max(both, key=lambda one: one[0].accuracy or 0.0)
    if better.accuracy is None:
        return _NOTHING
    return _Headline("accuracy", better.accuracy, learnt_words(trained_on, better.n))


def _of_picks(path: Path) -> _Headline:
    """What the best of n came to, with the prompts that the scorer's model was trained on where they are counted."""
    summary = read_summary(path, BestOfNSummary)
    assert summary is not None
    trained_on = summary.pool.seen.pairs if summary.pool.trained_on_kept else 0
    found = next(_figures(path, summary.verb), _NOTHING)
    return found._replace(learnt=learnt_words(trained_on, summary.curve.prompts))


def _figures(path: Path, verb: str) -> Iterator[_Headline]:
    """Of verbs that name their figures."""
    found = results_of(path)
    figures = {} if found is None else found.figures
    if verb == "inspect":
        yield _Headline("checks that fail", figures.get("fail", 0.0))
    for name in ("gain", "proxy"):
        if name in figures:
            yield _Headline(name, figures[name])
