"""What a finished run of any verb came to, for those who look at it in a tracker."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rmexp.left_files import read_objects
from rmexp.runs.folder import read_environment
from rmexp.runs.rows import from_row, to_row
from rmexp.runs.summaries.best_of_n import BestOfNSummary
from rmexp.runs.summaries.compare import CompareSummary
from rmexp.runs.summaries.evaluate import EvaluateSummary
from rmexp.runs.summaries.file import read_summary, summary_row, verb_of
from rmexp.runs.summaries.inspect import InspectSummary
from rmexp.runs.summaries.train import TrainSummary
from rmexp.tracking.tracked_run import Artifact, Results, Table

INTERVAL = ("accuracy", "accuracy_low", "accuracy_high", "nll", "n")
SAMPLES = "sample_pairs.jsonl"
NO_ARTIFACT = (".trained_on", ".tokenizer")  # ends of the names of inputs that are parts of others
REPORT, MODEL, SCORED = "report.html", "model", "scored"


def results_of(folder: Path) -> Results | None:
    """The results of a run; None where it has not finished."""
    row = summary_row(folder)
    if row is None:
        return None
    figures, tables, about = _told(row, folder)
    return Results(
        figures={name: float(value) for name, value in figures.items() if value is not None},
        about=about,
        tables=tuple(table for table in tables if table.rows),
        artifacts=tuple(_artifacts(folder)),
        used=_used(row, folder),
    )


def sweep_results(folders: Sequence[Path]) -> Results:
    """The cells of a sweep side by side, and the smallest and largest of each of their figures.

    Args:
        folders: of the cells that have finished.
    """
    cells = {folder.name: found.figures for folder in folders if (found := results_of(folder)) is not None}
    values: dict[str, list[float]] = {}
    for figures in cells.values():
        for name, value in figures.items():
            values.setdefault(name, []).append(value)
    ends = {f"smallest/{name}": min(found) for name, found in values.items()}
    ends |= {f"largest/{name}": max(found) for name, found in values.items()}
    return Results(ends, tables=(_table("cells", [{"cell": name, **found} for name, found in cells.items()]),))


Told = tuple[Mapping[str, float | None], list[Table], Mapping[str, object]]


def _told(row: Mapping[str, object], folder: Path) -> Told:
    """Figures, tables and what was found out on the way."""
    match verb_of(row):
        case "train":
            return _of_training(from_row(TrainSummary, row), folder)
        case "compare":
            return _of_comparison(from_row(CompareSummary, row))
        case "evaluate":
            return _of_evaluation(from_row(EvaluateSummary, row))
        case "best-of-n":
            points = [to_row(point) for point in from_row(BestOfNSummary, row).curve.points]
            return dict(_numbers(points[-1])) if points else {}, [_table("best_of_n", points)], {}
        case "inspect":
            inspected = from_row(InspectSummary, row)
            checks = _table("checks", map(to_row, inspected.checks))
            return dict(inspected.verdicts), [checks], {}
    return dict(_numbers(row)), [], {}


def _of_training(summary: TrainSummary, folder: Path) -> Told:
    figures: dict[str, float | None] = {
        "steps": summary.steps,
        "epochs": summary.epochs,
        "seconds": summary.seconds,
        "peak_memory_mb": summary.peak_memory_mb,
        "pairs_per_second": summary.train_pairs_per_second,
        "tokens_per_second": summary.train_tokens_per_second,
        "parameters": summary.model.parameters,
        "val/loss": summary.val.loss,
        "val/accuracy": summary.val.accuracy,
    }
    counted = sum((summary.train_pairs or 0, summary.val_pairs or 0))
    figures |= {"cut_share": summary.truncated / counted} if counted else {}
    if summary.kept is not None:
        figures |= {"kept_step": summary.kept.step, "last_step": summary.kept.last_step}
    for row in summary.evaluation:
        if row.slice is None:
            figures |= {f"{row.data}-{row.split}/{name}": getattr(row, name) for name in INTERVAL}
    if summary.policy is not None:
        policy = summary.policy
        figures |= {"kl": policy.kl, "reward/before": policy.reward.before, "reward/after": policy.reward.after}
        figures |= {"reward/gain": policy.reward.gain}
        if policy.gold is not None:
            figures |= {"gold/before": policy.gold.before, "gold/after": policy.gold.after}
    about = {"precision": summary.precision, "threads": summary.threads, "model": summary.model.fingerprint}
    return figures, [_table("samples", _samples(folder))], about


def _of_comparison(summary: CompareSummary) -> Told:
    figures: dict[str, float | None] = {}
    for name, one in (("explicit", summary.explicit), ("implicit", summary.implicit)):
        ends = (("accuracy", one.accuracy), ("accuracy_low", one.accuracy_low), ("accuracy_high", one.accuracy_high))
        figures |= {f"{name}/{key}": value for key, value in ends}
    alike = ("same_order", "spearman", "kendall", "spearman_chosen", "spearman_rejected", "spearman_margin")
    figures |= {f"agreement/{name}": getattr(summary.agreement, name) for name in alike}
    rows = [
        {
            "split": name,
            "pairs": split.agreement.pairs,
            "explicit": split.explicit.accuracy,
            "implicit": split.implicit.accuracy,
            "same_order": split.agreement.same_order,
            "spearman": split.agreement.spearman,
        }
        for name, split in summary.splits.items()
    ]
    stages = {name: used.model for name, used in summary.stages.items()}
    return figures, [_table("splits", rows)], {"headline": summary.headline, "stages": stages}


def _of_evaluation(summary: EvaluateSummary) -> Told:
    figures: dict[str, float | None] = {}
    rows = list[dict[str, object]]()
    for result in summary.results:
        row = to_row(result)
        rows.append({name: value for name, value in row.items() if not isinstance(value, dict | list)})
        if row["slice"] is None:
            place = f"{result.scorer}/{result.data}-{result.split}"
            figures |= {f"{place}/{name}": value for name, value in _numbers(row) if name in INTERVAL}
    return figures, [_table("results", rows)], {}


def _samples(folder: Path) -> list[dict[str, object]]:
    return read_objects(folder / SAMPLES)


def _artifacts(folder: Path) -> Iterator[Artifact]:
    if (folder / MODEL).is_dir():
        trained = read_summary(folder, TrainSummary)
        yield Artifact("model", folder / MODEL, None if trained is None else trained.model.fingerprint)
    if (folder / REPORT).is_file():
        yield Artifact("report", folder / REPORT)
    if (folder / SCORED).is_dir():
        yield Artifact("scored", folder / SCORED)


def _used(row: Mapping[str, object], folder: Path) -> dict[str, str]:
    """Fingerprints of what a run was made of, by key; of a comparison, of its stages' models too."""
    inputs = (read_environment(folder).inputs or {}).items()
    used = {name: value for name, value in inputs if value and not name.endswith(NO_ARTIFACT)}
    if verb_of(row) != "compare":
        return used
    for name, stage in from_row(CompareSummary, row).stages.items():
        trained = read_summary(Path(stage.model).parent, TrainSummary)
        used |= {} if trained is None else {name: trained.model.fingerprint}
    return used


def _table(name: str, rows: Iterable[Mapping[str, object]]) -> Table:
    found = list(rows)
    columns = tuple(dict.fromkeys(key for row in found for key in row))
    return Table(name, columns, tuple(tuple(map(_plain, map(row.get, columns))) for row in found))


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str | None) else json.dumps(value, ensure_ascii=False)


def _numbers(node: Mapping[str, object], path: str = "") -> Iterator[tuple[str, float]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{path}{key}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{path}{key}", value
