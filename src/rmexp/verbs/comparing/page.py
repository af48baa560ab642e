"""From scores to what the page of a comparison shows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from omegaconf import DictConfig

from rmexp.comparison.agreement import agreement
from rmexp.comparison.graded import Graded, graded
from rmexp.comparison.length import length_effect
from rmexp.comparison.policies import PolicyResult
from rmexp.comparison.progress import Moment, ProgressPoint, progress
from rmexp.comparison.reductions import reductions
from rmexp.data.loaded import LoadedData
from rmexp.evaluation.measures.accuracy import pairwise_accuracy
from rmexp.metrics.preferred_side import is_tie
from rmexp.records import Candidates, prompt_text
from rmexp.reports.compare.content import (
    ComparedSet,
    CompareReport,
    DataAccount,
    Facts,
    Showcase,
    SplitResult,
    StageResult,
)
from rmexp.reports.made import made_in
from rmexp.runs.folder import RunFolder
from rmexp.runs.summaries.compare import (
    Reductions,
    RewardScale,
    ShowcasePrompt,
)
from rmexp.scored import PAIR
from rmexp.stages.obtain import Stage
from rmexp.tracking.metrics_csv import read_metrics
from rmexp.tracking.validations import read_validations
from rmexp.verbs.comparing.disagreements import disagreements
from rmexp.verbs.comparing.given import given_sentence
from rmexp.verbs.comparing.scores import AllScores, Scorers, SetScores
from rmexp.verbs.comparing.sets import both, candidate_notes, compared_sets, notes
from rmexp.verbs.comparing.shifts import ScoredPairs

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


def comparison(config: DictConfig, found: Compared, run: RunFolder) -> CompareReport:
    """Everything that the report shows."""
    explicit, implicit = found.scorers.explicit, found.scorers.implicit
    sets = compared_sets(found.pairs)
    held_out = {one.name: one for one in sets if one.kind == "held_out"}
    unseen = {one.name: one.scores.of(one.headline) for one in found.pairs if one.test.origin.kind == "held_out"}
    data = found.data
    facts = Facts(
        data=data.name,
        model="given" if found.stages["reward"].given and found.stages["dpo"].given else config.model.name,
        seed=config.seed,
        train_pairs=_train_pairs(found.stages, data),
        given=given_sentence(found.stages),
        bad_rows=len(data.records.bad_rows),
        beta=implicit.beta,
        made=made_in(run.path, run.config.text),
    )
    chose = any(stage.summary and stage.summary.kept and stage.summary.kept.selected for stage in found.stages.values())
    splits = [_split(one, held_out.get(one.name)) for one in found.pairs if one.test.origin.kind == "held_out"]
    splits = [replace(split, selected_on=chose and split.name == "val") for split in splits]
    return CompareReport(
        facts,
        splits=sorted(splits, key=lambda split: not split.selected_on),  # the headline is the last
        stages=[_stage(stage) for stage in found.stages.values()],
        account=_accounts(found.stages),
        showcase=_showcase(found.scores),
        reductions=Reductions(next(reversed(found.scores.splits)), reductions(*found.scores.lengthened)),
        graded=_graded(found.scores),
        sets=sets,
        progress=_progress(found.stages),
        scale=RewardScale(explicit.reward_mean, explicit.reward_sd, implicit.reduction),
        disagreements=disagreements(unseen, held_out),
        policies=found.policies,
        notes=[
            *notes(found.pairs, sets, explicit.describe(), implicit.describe()),
            *candidate_notes(found.scores.left_out, data.records.candidates),
        ],
    )


def _progress(stages: Mapping[str, Stage]) -> tuple[ProgressPoint, ...]:
    """None where a model was given by path, or the two were validated on different pairs."""
    found = [read_validations(folder) if (folder := stages[name].folder) else [] for name in ("reward", "dpo")]
    if not all(found) or not np.array_equal(found[0][-1].target, found[1][-1].target):
        return ()
    explicit, implicit = ([Moment(row.progress, row.rewards) for row in rows] for rows in found)
    return progress(explicit, implicit, found[0][-1].target)


def _split(one: ScoredPairs, compared: ComparedSet | None) -> SplitResult:
    test, left = one.test, one.headline
    known = one.scores.of(left)
    explicit, implicit = (column.values for column in both(known))
    tokens = np.array(known.response_tokens).reshape(-1, 2)
    target, clusters = test.target[left], test.clusters[left]
    labelled = ~is_tie(target)
    learnt = [int((np.array([mark == PAIR for mark in marks]) & labelled).sum()) for marks in known.marks]
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
        longer=pairwise_accuracy(test.characters[left], target, clusters),
        explicit_trained_on=learnt[0],
        implicit_trained_on=learnt[1],
    )


def _stage(stage: Stage) -> StageResult:
    rows: Sequence[dict[str, str]] = []
    if stage.folder is not None:
        rows = read_metrics(stage.folder / "metrics.csv")
    found, place = stage.summary, str(stage.folder or stage.model)
    if found is None:
        return StageResult(name=stage.name, rows=rows, folder=place, reused=stage.reused)
    return StageResult(
        name=stage.name,
        rows=rows,
        folder=place,
        reused=stage.reused,
        seconds=found.seconds,
        pairs_per_second=found.train_pairs_per_second,
        peak_memory_mb=found.peak_memory_mb,
        parameters=found.model.parameters,
    )


def _train_pairs(stages: Mapping[str, Stage], data: LoadedData) -> int | None:
    """Pairs that the two models, or the one of them that was not given, were trained on here."""
    trained = [stages[name] for name in ("reward", "dpo") if not stages[name].given]
    if not trained:
        return None
    learnt = None if trained[0].summary is None else trained[0].summary.train_pairs
    return len(data.records.splits["train"]) if learnt is None else learnt


def _accounts(stages: Mapping[str, Stage]) -> list[DataAccount]:
    """Of the first stage that was trained here, as all see the same pairs; and of pairs that none learns from."""
    summaries = [stage.summary for stage in stages.values() if stage.summary is not None]
    account = summaries[0].account if summaries else {}
    learnt = [
        DataAccount(name, row.pairs, row.kept, row.truncated, row.dropped, row.identical)
        for name, row in account.items()
    ]
    evaluation = next((summary.evaluation for summary in summaries if summary.evaluation), ())
    held_out = [
        DataAccount(f"{row.data} {row.split}", row.n, row.n, row.truncated or 0, 0, row.identical or 0)
        for row in evaluation
        if row.slice is None and row.split not in account
    ]
    return [*learnt, *held_out]


def _showcase(scores: AllScores) -> Showcase:
    """Prompts to look at: the source's own, else the first of the last split with prompts of their own."""
    group = scores.candidates.get("showcase")
    if group is not None and (labels := _labels(group)):
        return Showcase([_shown(group, index) for index in range(len(group.records))], labels[0], labels[1])
    group = scores.last
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


def _graded(scores: AllScores) -> Graded | None:
    group = scores.candidates.get("graded")
    if group is None or not (labels := _labels(group)):
        return None
    arrays = {"explicit": group.array("explicit"), "implicit": group.array("implicit")}
    return graded(labels, arrays)


def _labels(group: SetScores) -> list[str]:
    """Names of the responses, where they have the same in every record; none otherwise."""
    found = [record.meta.get("labels") for record in group.records]
    return list(found[0]) if found and found[0] and all(labels == found[0] for labels in found) else []
