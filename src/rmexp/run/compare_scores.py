"""Both rewards of everything that a comparison looks at, written as scored files."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.analysis.reductions import PromptLevel
from rmexp.data.encode import ResponseTokens
from rmexp.data.loading import Loading
from rmexp.models.precision import AUTO
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference, Record, Scored
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.scoring.implicit import ImplicitScorer, LogRatio
from rmexp.scoring.preamble import preamble, with_preamble
from rmexp.scoring.responses import encode_records
from rmexp.scoring.scored_file import write_scored
from rmexp.stages.obtain import Stage

PREAMBLE_SENTENCES = (0, 3, 12)
PREAMBLE_PAIRS = 200  # the effect is large; more pairs would only cost time


class Scorers(NamedTuple):
    """The two rewards."""

    explicit: ExplicitScorer
    implicit: ImplicitScorer


class SetScores(NamedTuple):
    """Both rewards of one set of records.

    Attributes:
        records: that were scored.
        explicit: rewards of the reward model.
        implicit: of the policy, as it was trained.
        response_sum: the same log-ratios, summed over the response.
        sequence_mean: averaged over prompt and response.
        response_tokens: lengths of each record's responses alone.
    """

    records: Sequence[Record]
    explicit: Sequence[Scored]
    implicit: Sequence[Scored]
    response_sum: Sequence[Scored]
    sequence_mean: Sequence[Scored]
    response_tokens: Sequence[tuple[int, ...]]  # lengths of each record's responses alone


class Levels(NamedTuple):
    """The same pairs at each prompt length, and their targets."""

    levels: list[PromptLevel]
    target: list[float]


class AllScores(NamedTuple):
    """Everything that the figures are made of."""

    splits: dict[str, SetScores]
    candidates: dict[str, SetScores]
    lengthened: Levels


def both_scorers(stages: dict[str, Stage], loading: Loading, threads: int | None) -> Scorers:
    """The scorers of a comparison's models."""
    explicit = ExplicitScorer("explicit", stages["reward"].model, AUTO, loading=loading, threads=threads)
    implicit = ImplicitScorer(
        "implicit",
        stages["dpo"].model,
        stages["sft"].model,
        None,
        None,
        AUTO,
        loading=loading,
        threads=threads,
    )
    return Scorers(explicit, implicit)


def score_everything(scorers: Scorers, data: PreferenceData, folder: Path) -> AllScores:
    """Score the evaluation splits, the candidate sets, and the last split behind longer prompts."""
    names = [name for name in data.splits if name != "train"]
    splits = {name: score_both(name, data.splits[name], scorers, folder) for name in names}
    candidates = {name: score_both(name, group, scorers, folder) for name, group in data.candidates.items()}
    lengthened = _levels(names[-1], data.splits[names[-1]], scorers.implicit, folder)
    return AllScores(splits, candidates, lengthened)


def scores_array(scored: Sequence[Scored]) -> NDArray[np.float64]:
    """(N, K) scores of N records with K responses each."""
    return np.array([row.scores for row in scored])


def score_both(name: str, records: Sequence[Record], scorers: Scorers, folder: Path) -> SetScores:
    """Score records with both, and leave the scored files."""
    explicit, implicit = scorers
    first = explicit.score(records)
    file = folder / f"{name}.explicit.jsonl"
    write_scored(file, first, records, explicit.describe(), log_odds=explicit.log_odds)
    responses, ratios = implicit.log_ratios(records)
    lengths = iter(ratio.response_tokens for ratio in ratios)
    tokens = [tuple(next(lengths) for _ in record.responses) for record in records]
    made = _reductions(name, records, responses, ratios, implicit, folder)
    return SetScores(records, first, made[implicit.reduction], made["response_sum"], made["sequence_mean"], tokens)


def _reductions(
    name: str,
    records: Sequence[Record],
    responses: Sequence[ResponseTokens],
    ratios: Sequence[LogRatio],
    implicit: ImplicitScorer,
    folder: Path,
) -> dict[str, list[Scored]]:
    """The implicit reward as it was trained, as a sum over the response and as a mean over the sequence."""
    result = {}
    for reduction in dict.fromkeys((implicit.reduction, "response_sum", "sequence_mean")):
        result[reduction] = implicit.reduce(records, responses, ratios, reduction)
        file = "implicit" if reduction == implicit.reduction else f"implicit_{reduction}"
        described, log_odds = implicit.describe() | {"reduction": reduction}, implicit.log_odds_of(reduction)
        write_scored(folder / f"{name}.{file}.jsonl", result[reduction], records, described, log_odds=log_odds)
    return result


def _levels(name: str, records: Sequence[Preference], implicit: ImplicitScorer, folder: Path) -> Levels:
    """The same pairs behind preambles of growing length, up to the longest behind which enough pairs fit uncut."""
    for longest in reversed(PREAMBLE_SENTENCES):
        fit = [
            record for record in records if not longest or _whole(with_preamble(record, preamble(longest)), implicit)
        ]
        if len(fit) >= min(PREAMBLE_PAIRS // 2, len(records)):
            break
    fit = fit[:PREAMBLE_PAIRS]
    levels = []
    for sentences in (count for count in PREAMBLE_SENTENCES if count <= longest):
        longer = [with_preamble(record, preamble(sentences)) if sentences else record for record in fit]
        responses, ratios = implicit.log_ratios(longer)
        scored = _reductions(f"{name}.preamble{sentences}", longer, responses, ratios, implicit, folder)
        prompt_tokens = float(np.mean([tokens.prompt_tokens for tokens in responses]))
        arrays = (scores_array(scored[reduction]) for reduction in ("response_sum", "sequence_mean"))
        levels.append(PromptLevel(prompt_tokens, *arrays))
    return Levels(levels, [record.target for record in fit])


def _whole(record: Record, implicit: ImplicitScorer) -> bool:
    return not any(tokens.truncated for tokens in encode_records(implicit.encoder, [record]))
