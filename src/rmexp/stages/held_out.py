"""How good the finished model of a stage is on every split that it did not learn from, and on other data sets."""

import logging
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rmexp.data.loading import Limits
from rmexp.encoding.encode import Encoder
from rmexp.encoding.tokens import ResponseTokens
from rmexp.evaluation.judge import judge
from rmexp.evaluation.judgement import Judgement
from rmexp.evaluation.measures.margins import towards_label
from rmexp.evaluation.per_pair import pair_rows, write_pairs
from rmexp.evaluation.scores import Scores, scores_of
from rmexp.evaluation.test_set import TestSet
from rmexp.hardware.group import rank_and_count
from rmexp.hardware.precision import AUTO
from rmexp.metrics.preferred_side import is_tie
from rmexp.phases import Phase, phase
from rmexp.records import prompt_text
from rmexp.runs.rows import from_row
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.scored import PAIR
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.scoring.implicit import implicit_scorer
from rmexp.scoring.scorer import Scorer
from rmexp.scoring.shared_scoring import score_together
from rmexp.scoring.store import score_into
from rmexp.training.stage import StageModule

log = logging.getLogger(__name__)

SHARD_RECORDS = 1000  # scored between two writes to disk, as `evaluate` does it


def stage_scorer(
    module: StageModule,
    reference: str | None,
    limits: Limits,
    threads: int | None,
    folder: Path,
    known: Mapping[ResponseTokens, float],
) -> Scorer:
    """The finished model of a run folder as users will score with it.

    Args:
        module: that was trained, of a stage that learns preferences.
        reference: folder of the model that a policy is measured against; None for one that the run left itself.
        limits: of the data.
        threads: processor threads; None chooses by model size.
        folder: run folder.
        known: rewards that the finished model has given already.
    """
    model, limits = str(folder / "model"), limits.without_dropping()
    if module.kind == "reward_model":
        return ExplicitScorer("explicit", model, AUTO, limits=limits, threads=threads, known=known)
    base = reference or str(folder / "reference")
    return implicit_scorer(model, base, limits=limits, threads=threads, known=known)


def file_of(test: TestSet) -> str:
    """Name of the scored file of a set, without its suffix."""
    return test.split if test.origin.kind == "held_out" else f"{test.data}-{test.split}"


def cut_to_fit(sets: Sequence[TestSet], encoder: Encoder) -> dict[str, dict[str, int]]:
    """What the length limit will do to each set, by its file; told before anything is trained.

    Args:
        sets: all of them; what becomes of `val` is told when it is encoded for training.
        encoder: as the scorer will have it: no pair is left out.

    Returns:
        Pairs with a side that is cut, `truncated`, and pairs whose sides are equal then, `identical`: these are ties.

    Raises:
        ValueError: a sequence is too long and data.truncation=error.
    """
    counts = {}
    for part in sets:
        encoded = encoder.encode_records(part.records)
        cut = int(encoded.long.reshape(-1, 2).any(axis=1).sum())
        identical = int(encoded.identical.sum())
        file = file_of(part)
        counts[file] = {"truncated": cut, "identical": identical}
        if file != "val" and (cut or identical):
            limit = encoder.limits.max_tokens
            log.info(
                "%s: %d of %d pairs cut to %d tokens, %d identical", file, cut, len(part.records), limit, identical
            )
    return counts


def score_sets(scorer: Scorer | None, sets: Sequence[TestSet], folder: Path) -> None:
    """Let all processes of a run score the sets, where there are several; `judged` finds the scores then.

    Args:
        scorer: of the finished model; None without any set.
        sets: to be scored.
        folder: run folder.
    """
    if scorer is not None and rank_and_count()[1] > 1:
        for test in sets:
            score_together(_scored_file(folder, test), scorer, test.records, shard_records=SHARD_RECORDS)


def _scored_file(folder: Path, test: TestSet) -> Path:
    return folder / "scored" / f"{file_of(test)}.jsonl"


class HeldOut(NamedTuple):
    """A set that was to be held out, judged, and how many pairs with a preference were trained on all the same."""

    judgement: Judgement
    trained_on: int


def judged(scorer: Scorer, sets: Sequence[TestSet], folder: Path) -> list[HeldOut]:
    """Score each set once and leave the scores and each pair's usable information in the run folder.

    Args:
        scorer: of the finished model.
        sets: to be scored.
        folder: run folder; `scored/` and `usable_information.jsonl` go there.
    """
    held_out = list[HeldOut]()
    for test in sets:
        found = score_into(_scored_file(folder, test), scorer, test.records, shard_records=SHARD_RECORDS)
        with phase(Phase.EVALUATING):
            scores = scores_of([row.scores for row in found.rows], log_odds=found.log_odds)
            known = zip(found.rows, is_tie(test.target), strict=True)
            trained_on = sum(row.trained_on == PAIR and not tie for row, tie in known)
            held_out.append(HeldOut(judge(test, {scorer.name: scores}), trained_on))
    each = (one.judgement for one in held_out)
    write_pairs(folder, chain.from_iterable(pair_rows(one.test, *one.scores.values()) for one in each))
    return held_out


def evaluation_rows(held_out: Sequence[HeldOut], cut: Mapping[str, Mapping[str, int]]) -> list[HeldOutRow]:
    """Figures for summary.json, one row a set and one a slice of it.

    Args:
        held_out: the sets.
        cut: what `cut_to_fit` counted in them.
    """
    return [
        from_row(HeldOutRow, {**row, **(_of_whole(one, cut) if row["slice"] is None else {})})
        for one in held_out
        for row in one.judgement.result_rows()
    ]


def _of_whole(one: HeldOut, cut: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Fields that a slice does not have."""
    learnt = {"trained_on": one.trained_on} if one.trained_on else {}
    return {**cut[file_of(one.judgement.test)], **learnt}


def samples(judgement: Judgement, each: int = 10) -> list[dict[str, Any]]:
    """Scored pairs to be looked at: those ordered worst, those nearest to a margin of 0, those ordered best.

    Args:
        judgement: of one scorer.
        each: pairs of each kind; a pair is of one.
    """
    test, (scores,) = judgement.test, judgement.scores.values()
    margins = towards_label(scores.margin, test.target)
    order = [place for place in np.argsort(margins, kind="stable").tolist() if not np.isnan(margins[place])]
    kinds = {"worst": order[:each], "best": order[each:][-each:]}
    left = sorted(set(order) - {place for places in kinds.values() for place in places})
    kinds["closest"] = sorted(left, key=lambda place: abs(float(margins[place])))[:each]
    return [_sample(kind, test, place, scores) for kind, places in kinds.items() for place in places]


def _sample(kind: str, test: TestSet, place: int, scores: Scores) -> dict[str, Any]:
    pair, (first, second) = test.pairs[place], scores.values[place].tolist()
    return {
        "judged": kind,
        "data": test.data,
        "split": test.split,
        "id": pair.id,
        "prompt": prompt_text(pair.prompt),
        "chosen": pair.responses[0],
        "rejected": pair.responses[1],
        "chosen_reward": first,
        "rejected_reward": second,
        "margin": float(scores.margin[place]),
    }
