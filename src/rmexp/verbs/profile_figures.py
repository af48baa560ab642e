"""From a profile to the figures that profile.json has."""

import numpy as np

from rmexp.data.leaks.check import Leaks
from rmexp.data.normalised import text_key
from rmexp.evaluation.measures.difficulty import Difficulty
from rmexp.metrics.preferred_side import is_tie
from rmexp.profile.baselines import Baseline
from rmexp.profile.longer_by_part import Bin
from rmexp.profile.profile import Profile
from rmexp.runs.rows import to_row
from rmexp.runs.summaries.profile import (
    BinFigures,
    DifficultyFound,
    Independent,
    LeakAccount,
    NoiseFound,
    ProfileFigures,
    RuleFigures,
)


def profile_figures(
    found: Profile, data: str, path: str | None, fingerprint: str, warnings: tuple[str, ...]
) -> ProfileFigures:
    """The figures of a profile.

    Args:
        found: what is known of the data set.
        data: its name.
        path: that it was read from; None for data of no file.
        fingerprint: of its content.
        warnings: what a person should know, in words.
    """
    target, kinds = found.texts.target, [row.kind for row in found.bad_rows]
    ids = np.fromiter((text_key(record.id) for record in found.records), np.uint64, len(found.records))
    left_out = {kind: kinds.count(kind) for kind in ("empty", "identical")}
    return ProfileFigures(
        data=data,
        path=path,
        fingerprint=fingerprint,
        pairs=len(found.records),
        splits={split.name: split for split in found.splits},
        prompts=len(np.unique(found.texts.prompt)),
        tokens=found.lengths.total,
        bad_rows=len(kinds),
        **left_out,
        malformed=len(kinds) - sum(left_out.values()),
        ties=int(is_tie(target).sum()),
        soft_targets=int(((target > 0) & (target < 1) & ~is_tie(target)).sum()),
        first_listed=_rule(found.position),
        repeated_ids=len(found.records) - len(np.unique(ids)),
        consistency=found.counts,
        written_dialogues=found.dialogues,
        fields=found.fields,
        resolution=found.resolution,
        leaks=None if found.leaks is None else _leaks(found.leaks),
        lengths=found.lengths,
        intervals=Independent(0.95, found.cluster, found.clusters),
        baselines={rule.name: _rule(rule) for rule in found.baselines},
        best_baseline=found.best.name,
        ceiling=found.ceiling,
        label_noise={one.method: NoiseFound(one.n, one.value, one.low, one.high, one.says) for one in found.noise},
        difficulty=_difficulty(found.difficulty, found.bins),
        warnings=warnings,
    )


def _rule(rule: Baseline) -> RuleFigures:
    return RuleFigures(rule.n, rule.accuracy, rule.low, rule.high, rule.undecided, rule.few)


def _leaks(leaks: Leaks) -> LeakAccount:
    return LeakAccount(leaks.pairs, leaks.sets, **leaks.counts, by_set=leaks.by_set, examples=leaks.examples)


def _difficulty(found: Difficulty, bins: tuple[Bin, ...]) -> DifficultyFound:
    figures = {one.name: BinFigures(one.pairs, to_row(one.longer), one.ease_low, one.ease_high) for one in bins}
    return DifficultyFound(found.by, found.thresholds, figures)
