"""What a comparison found, as its summary.json has it."""

from collections.abc import Mapping

import numpy as np

from rmexp.comparison.compared import ComparedSlice
from rmexp.evaluation.measures.orientation import order
from rmexp.reports.compare.content import (
    ComparedSet,
    CompareReport,
    SplitResult,
)
from rmexp.runs.rows import from_row
from rmexp.runs.summaries.compare import (
    CompareSummary,
    PromptsShown,
    Rules,
    ShowcasePrompt,
    SplitFigures,
    StageUsed,
)
from rmexp.runs.summaries.compared_sets import BothAccuracies, SetFigures, SliceFigures
from rmexp.stages.obtain import Stage


def as_summary(
    report: CompareReport, stages: Mapping[str, Stage], leaks: Mapping[str, object], seconds: Mapping[str, float]
) -> CompareSummary:
    """The figures of a report; its last split is the headline."""
    splits = {split.name: _split_figures(split) for split in report.splits}
    headline = report.splits[-1].name
    first, facts = splits[headline], report.facts
    shown = tuple(report.showcase.prompts)
    return CompareSummary(
        data=facts.data,
        model=facts.model,
        seed=facts.seed,
        beta=facts.beta,
        train_pairs=facts.train_pairs,
        headline=headline,
        explicit=first.explicit,
        implicit=first.implicit,
        agreement=first.agreement,
        splits=splits,
        showcase=PromptsShown(len(shown), sum(map(_same_first, shown)), shown),
        reductions=report.reductions,
        graded=report.graded,
        sets=tuple(map(_set, report.sets)),
        progress=tuple(report.progress),
        scale=report.scale,
        disagreements=len(report.disagreements),
        policies=tuple(report.policies),
        stages={name: _stage_used(stage) for name, stage in stages.items()},
        leaks=leaks,
        seconds=seconds,
        notes=tuple(note for note in (facts.given, *report.notes) if note is not None),
    )


def _split_figures(split: SplitResult) -> SplitFigures:
    return SplitFigures(
        explicit=split.explicit,
        implicit=split.implicit,
        agreement=split.agreement,
        baselines=Rules(split.longer),
        explicit_length=split.explicit_length,
        implicit_length=split.implicit_length,
        selected_on=split.selected_on or None,
        explicit_trained_on=split.explicit_trained_on or None,
        implicit_trained_on=split.implicit_trained_on or None,
    )


def _set(one: ComparedSet) -> SetFigures:
    whole, *slices = (from_row(SliceFigures, part.to_row()) for part in one.slices)
    return SetFigures(
        name=one.name,
        kind=one.kind,
        split=one.split,
        pairs=one.pairs,
        looked_at=one.looked_at,
        explicit_nll_at_first=one.explicit_nll_at_first,
        implicit_nll_at_first=one.implicit_nll_at_first,
        before=None if one.before is None else _both_accuracies(one.before),
        flips=tuple(one.flips),
        slices=tuple(slices),
        whole=whole,
    )


def _both_accuracies(one: ComparedSlice) -> BothAccuracies:
    return BothAccuracies(one.explicit.accuracy.value, one.implicit.accuracy.value)


def _stage_used(stage: Stage) -> StageUsed:
    found = stage.summary
    if found is None:
        return StageUsed(stage.model, stage.reused)
    return StageUsed(
        stage.model,
        stage.reused,
        steps=found.steps,
        epochs=found.epochs,
        seconds=found.seconds,
        train_pairs_per_second=found.train_pairs_per_second,
        peak_memory_mb=found.peak_memory_mb,
        threads=found.threads,
        train=found.train,
        val=found.val,
        kept=found.kept,
    )


def _same_first(prompt: ShowcasePrompt) -> bool:
    explicit, implicit = order(np.array([prompt.explicit, prompt.implicit]))
    return bool(explicit == implicit)
