"""From scores to what a comparison tells: the report's content, and the same as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from omegaconf import DictConfig

from rmexp.analysis.accuracy import pairwise_accuracy
from rmexp.analysis.agreement import agreement
from rmexp.analysis.graded import Graded, graded
from rmexp.analysis.length import length_effect
from rmexp.analysis.orientation import order
from rmexp.analysis.policies import PolicyResult
from rmexp.analysis.progress import Moment, ProgressPoint, progress
from rmexp.analysis.reductions import reductions
from rmexp.config.saved import saved_yaml
from rmexp.records import Candidates, prompt_text
from rmexp.reports.content import (
    ComparedSet,
    CompareReport,
    DataAccount,
    Facts,
    Reductions,
    RewardScale,
    Showcase,
    ShowcasePrompt,
    SplitResult,
    StageResult,
)
from rmexp.run.compare_disagreements import disagreements
from rmexp.run.compare_scores import AllScores, Scorers, SetScores
from rmexp.run.compare_sets import both, compared_sets
from rmexp.run.compare_shifts import ScoredPairs
from rmexp.run.data import LoadedData
from rmexp.stages.obtain import Stage
from rmexp.training.metrics_csv import read_metrics
from rmexp.training.validation_rewards import read_validations

SHOWCASE_PROMPTS = 3


class Compared(NamedTuple):
    """What a comparison has gathered.

    Attributes:
        data: with its splits.
        stages: the models, by name.
        scorers: both rewards.
        scores: of everything that was scored.
        pairs: every set of pairs, the held-out splits first.
        policies: that were sampled from and judged.
    """

    data: LoadedData
    stages: Mapping[str, Stage]
    scorers: Scorers
    scores: AllScores
    pairs: Sequence[ScoredPairs]
    policies: Sequence[PolicyResult]


def comparison(config: DictConfig, found: Compared, path: Path) -> CompareReport:
    """Everything that the report shows."""
    explicit, implicit = found.scorers.explicit, found.scorers.implicit
    sets = compared_sets(found.pairs)
    held_out = {one.name: one for one in sets if one.kind == "held_out"}
    data, summary = found.data, found.stages["reward"].summary
    facts = Facts(
        data=data.loading.name,
        model=config.model.name,
        seed=config.seed,
        run_folder=str(path),
        train_pairs=summary.get("train_pairs", len(data.records.splits["train"])),
        bad_rows=len(data.records.bad_rows),
        beta=implicit.beta,
        config_yaml=saved_yaml(config),
    )
    return CompareReport(
        facts,
        splits=[_split(one, held_out.get(one.name)) for one in found.pairs if one.test.origin.kind == "held_out"],
        stages=[_stage(stage) for stage in found.stages.values()],
        account=_accounts(found.stages),
        showcase=_showcase(found.scores),
        reductions=Reductions(next(reversed(found.scores.splits)), reductions(*found.scores.lengthened)),
        graded=_graded(found.scores),
        sets=sets,
        progress=_progress(found.stages),
        scale=RewardScale(explicit.reward_mean, explicit.reward_sd, implicit.reduction),
        disagreements=disagreements(found.scores.splits, held_out),
        policies=found.policies,
    )


def as_summary(report: CompareReport, stages: Mapping[str, Stage]) -> dict[str, Any]:
    """The figures of a report as plain data, for summary.json; the last split is the headline."""
    splits = {
        split.name: {
            "explicit": asdict(split.explicit),
            "implicit": asdict(split.implicit),
            "agreement": asdict(split.agreement),
            "baselines": {"longer": split.longer and asdict(split.longer)},
            "explicit_length": split.explicit_length and asdict(split.explicit_length),
            "implicit_length": split.implicit_length and asdict(split.implicit_length),
        }
        for split in report.splits
    }
    headline = report.splits[-1].name
    prompts = report.showcase.prompts
    shown, agreed = [asdict(prompt) for prompt in prompts], [_same_first(prompt) for prompt in prompts]
    facts = {key: getattr(report.facts, key) for key in ("data", "model", "seed", "beta", "train_pairs")}
    return {
        **facts,
        "headline": headline,
        **{name: splits[headline][name] for name in ("explicit", "implicit", "agreement")},
        "splits": splits,
        "showcase": {"prompts": len(shown), "same_order": sum(agreed), "responses": shown},
        "reductions": asdict(report.reductions),
        "graded": report.graded and asdict(report.graded),
        "sets": [_set(one) for one in report.sets],
        "progress": [asdict(point) for point in report.progress],
        "scale": report.scale and asdict(report.scale),
        "disagreements": len(report.disagreements),
        "policies": [policy.to_row() for policy in report.policies],
        "stages": {name: _stage_summary(stage) for name, stage in stages.items()},
    }


def _set(one: ComparedSet) -> dict[str, Any]:
    """A set as summary.json has it: its figures, and those of its slices."""
    whole, *slices = (part.to_row() for part in one.slices)
    before = one.before and {name: getattr(one.before, name).accuracy.value for name in ("explicit", "implicit")}
    own = {key: getattr(one, key) for key in ("name", "kind", "split", "pairs", "looked_at")}
    fitted = {key: getattr(one, key) for key in ("explicit_nll_at_first", "implicit_nll_at_first")}
    return {**own, **whole, **fitted, "before": before, "flips": [asdict(row) for row in one.flips], "slices": slices}


def _progress(stages: Mapping[str, Stage]) -> tuple[ProgressPoint, ...]:
    """None where a model was given by path, or the two were validated on different pairs."""
    found = [read_validations(folder) if (folder := stages[name].folder) else [] for name in ("reward", "dpo")]
    if not all(found) or not np.array_equal(found[0][-1].target, found[1][-1].target):
        return ()
    explicit, implicit = ([Moment(row.progress, row.rewards) for row in rows] for rows in found)
    return progress(explicit, implicit, found[0][-1].target)


def _split(one: ScoredPairs, compared: ComparedSet | None) -> SplitResult:
    explicit, implicit = (column.values for column in both(one.scores))
    test, tokens = one.test, np.array(one.scores.response_tokens)
    target, clusters = test.target, test.clusters
    return SplitResult(
        name=one.name,
        explicit_scores=explicit,
        implicit_scores=implicit,
        target=target,
        explicit=pairwise_accuracy(explicit, target, clusters),
        implicit=pairwise_accuracy(implicit, target, clusters),
        agreement=agreement(explicit, implicit, target, clusters),
        paired=None if compared is None else compared.slices[0].paired,
        explicit_length=length_effect(explicit, tokens, target, clusters),
        implicit_length=length_effect(implicit, tokens, target, clusters),
        longer=pairwise_accuracy(test.characters, target, clusters),
    )


def _stage(stage: Stage) -> StageResult:
    rows: Sequence[dict[str, str]] = []
    if stage.folder is not None:
        rows = read_metrics(stage.folder / "metrics.csv")
    summary = stage.summary
    return StageResult(
        name=stage.name,
        rows=rows,
        folder=str(stage.folder or stage.model),
        reused=stage.reused,
        seconds=summary.get("seconds"),
        pairs_per_second=summary.get("train_pairs_per_second"),
        peak_memory_mb=summary.get("peak_memory_mb"),
        parameters=summary.get("model", {}).get("parameters"),
    )


def _stage_summary(stage: Stage) -> dict[str, Any]:
    keys = ("steps", "epochs", "seconds", "train_pairs_per_second", "peak_memory_mb", "threads", "train", "val")
    own = {key: stage.summary[key] for key in keys if key in stage.summary}
    return {"model": stage.model, "reused": stage.reused, **own}


def _accounts(stages: Mapping[str, Stage]) -> list[DataAccount]:
    """Of the first stage that was trained here, as all see the same pairs; and of pairs that none learns from."""
    summaries = [stage.summary for stage in stages.values() if stage.summary]
    account = summaries[0]["account"] if summaries else {}
    learnt = [
        DataAccount(name, *(row[key] for key in ("pairs", "kept", "truncated", "dropped", "identical")))
        for name, row in account.items()
    ]
    evaluation: list[dict[str, Any]] = next(
        (summary["evaluation"] for summary in summaries if summary.get("evaluation")), []
    )
    held_out = [
        DataAccount(f"{row['data']} {row['split']}", row["n"], row["n"], row["truncated"], 0, row["identical"])
        for row in evaluation
        if row["slice"] is None and row["split"] not in account
    ]
    return [*learnt, *held_out]


def _showcase(scores: AllScores) -> Showcase:
    """Prompts to look at: the source's own, else the first of the last split with prompts of their own."""
    if "showcase" in scores.candidates:
        group = scores.candidates["showcase"]
        first = group.records[0]
        labels = first.meta["labels"]
        return Showcase([_shown(group, index) for index in range(len(group.records))], labels[0], labels[1])
    group = scores.splits[next(reversed(scores.splits))]
    rows = {prompt_text(record.prompt): index for index, record in reversed(list(enumerate(group.records)))}
    picked = sorted(rows.values())[:SHOWCASE_PROMPTS]
    return Showcase([_shown(group, index) for index in picked])


def _shown(group: SetScores, index: int) -> ShowcasePrompt:
    record = group.records[index]
    topic, seen = record.meta.get("topic"), record.meta.get("seen")
    label = str(topic) if topic is not None else f"prompt {index + 1}"
    if isinstance(record, Candidates) and seen is not None:
        label += "" if seen else " (unseen)"
    explicit, implicit = (group.columns[name][index].numbers for name in ("explicit", "implicit"))
    texts = record.responses
    return ShowcasePrompt(
        label, prompt_text(record.prompt), texts[0], texts[1], (explicit[0], explicit[1]), (implicit[0], implicit[1])
    )


def _same_first(prompt: ShowcasePrompt) -> bool:
    explicit, implicit = order(np.array([prompt.explicit, prompt.implicit]))
    return bool(explicit == implicit)


def _graded(scores: AllScores) -> Graded | None:
    if "graded" not in scores.candidates:
        return None
    group = scores.candidates["graded"]
    arrays = {"explicit": group.array("explicit"), "implicit": group.array("implicit")}
    return graded(group.records[0].meta["labels"], arrays)
