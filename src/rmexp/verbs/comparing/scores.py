"""Both rewards of everything that a comparison looks at, written as scored files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.comparison.reductions import PromptLevel
from rmexp.data.loading import Limits
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.precision import AUTO
from rmexp.models.folders.contract import reference_beside
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference, Record, Scored
from rmexp.scored import PAIR, strongest
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.scoring.implicit import ImplicitScorer, implicit_scorer
from rmexp.scoring.preamble import preamble, with_preamble
from rmexp.scoring.shared_scoring import score_columns_together, score_together
from rmexp.stages.obtain import Stage

PREAMBLE_SENTENCES = (0, 3, 12)
SHARD_RECORDS = 4096  # as many as a set of pairs usually has
PREAMBLE_PAIRS = 200  # the effect is large; more pairs would only cost time


class Scorers(NamedTuple):
    """The two rewards."""

    explicit: ExplicitScorer
    implicit: ImplicitScorer


class SetScores(NamedTuple):
    """Both rewards of one set of records.

    Attributes:
        records: that were scored.
        columns: rows of scores by name: `explicit`, rewards of the reward model; `implicit`, of the policy, as it was
            trained; `response_sum`, the same log-ratios summed over the response; `sequence_mean`, averaged over
            prompt and response.
        response_tokens: lengths of each record's responses alone.
    """

    records: Sequence[Record]
    columns: Mapping[str, Sequence[Scored]]
    response_tokens: Sequence[tuple[int, ...]]

    def array(self, column: str) -> NDArray[np.float64]:
        """(N, K) scores of N records with K responses each."""
        rows = [row.numbers for row in self.columns[column]]
        return np.array(rows, dtype=np.float64) if rows else np.empty((0, 2))

    @property
    def marks(self) -> list[list[str | None]]:
        """What the models of the two rewards know of each record; see `rmexp.records.MARKS`."""
        return [[row.trained_on for row in self.columns[name]] for name in ("explicit", "implicit")]

    def of(self, indices: Sequence[int]) -> "SetScores":
        """The same of some of the records."""
        columns = {name: [rows[index] for index in indices] for name, rows in self.columns.items()}
        records = [self.records[index] for index in indices]
        return SetScores(records, columns, [self.response_tokens[index] for index in indices])

    def unseen(self) -> "SetScores":
        """The same of the records of which no two responses were a pair that a model was trained on."""
        marks = zip(*self.marks, strict=True)
        return self.of([index for index, each in enumerate(marks) if strongest(each) != PAIR])


class Levels(NamedTuple):
    """The same pairs at each prompt length, and their targets."""

    levels: list[PromptLevel]
    target: list[float]


class AllScores(NamedTuple):
    """Everything that the figures are made of.

    Attributes:
        splits: those that nothing was learnt from, whole.
        candidates: sets of candidates, without what a model was trained on.
        last: pairs of the last split, likewise.
        lengthened: these, behind longer prompts.
        left_out: records that were left out of each set of candidates, by its name.
    """

    splits: dict[str, SetScores]
    candidates: dict[str, SetScores]
    last: SetScores
    lengthened: Levels
    left_out: dict[str, int]


def both_scorers(stages: dict[str, Stage], limits: Limits, threads: int | None) -> Scorers:
    """The scorers of a comparison's models."""
    limits = limits.without_dropping()
    explicit = ExplicitScorer("explicit", stages["reward"].model, AUTO, limits=limits, threads=threads)
    policy = stages["dpo"].model
    reference = reference_beside(policy) or stages["sft"].model
    implicit = implicit_scorer(policy, reference, limits=limits, threads=threads)
    return Scorers(explicit, implicit)


def score_everything(scorers: Scorers, data: PreferenceData, folder: Path, *, keep: bool) -> AllScores:
    """Score the evaluation splits, the candidate sets, and the last split behind longer prompts.

    Args:
        scorers: the two.
        data: with its splits.
        folder: of the scored files.
        keep: whether figures count what a model was trained on.
    """
    names = [name for name in data.splits if name != "train"]
    splits = {name: score_both(name, data.splits[name], scorers, folder) for name in names}
    whole = {name: score_both(name, group, scorers, folder) for name, group in data.candidates.items()}
    candidates = {name: scores if keep else scores.unseen() for name, scores in whole.items()}
    left_out = {name: len(scores.records) - len(candidates[name].records) for name, scores in whole.items()}
    last = splits[names[-1]] if keep else splits[names[-1]].unseen()
    lengthened = _levels(names[-1], pairs_of(last.records), scorers.implicit, folder)
    return AllScores(splits, candidates, last, lengthened, left_out)


def pairs_of(records: Sequence[Record]) -> list[Preference]:
    """Those of the records that are pairs."""
    return [record for record in records if isinstance(record, Preference)]


def score_both(name: str, records: Sequence[Record], scorers: Scorers, folder: Path) -> SetScores:
    """Score records with both, and leave the scored files."""
    explicit, implicit = scorers
    first = score_together(folder / f"{name}.explicit.jsonl", explicit, records, shard_records=SHARD_RECORDS).rows
    columns = {"explicit": first, **_reductions(name, records, implicit, folder)}
    lengths = iter(tokens.response_tokens for tokens in _encoded(records, implicit))
    return SetScores(records, columns, [tuple(next(lengths) for _ in record.responses) for record in records])


def _reductions(
    name: str, records: Sequence[Record], scorer: ImplicitScorer, folder: Path
) -> dict[str, Sequence[Scored]]:
    """The implicit reward as it was trained, as a sum over the response and as a mean over the sequence."""
    names = tuple(dict.fromkeys((scorer.reduction, "response_sum", "sequence_mean")))
    files = {each: "implicit" if each == scorer.reduction else f"implicit_{each}" for each in names}
    columns = {each: scorer.column(folder / f"{name}.{file}.jsonl", each) for each, file in files.items()}

    def score(some: Sequence[Record]) -> Iterator[dict[str, Scored]]:
        return scorer.score_reductions(some, names)

    found = score_columns_together(columns, score, records, shard_records=SHARD_RECORDS)
    rows = {each: found[each].rows for each in names}
    return {"implicit": rows[scorer.reduction], **rows}


def _levels(name: str, records: Sequence[Preference], implicit: ImplicitScorer, folder: Path) -> Levels:
    """The same pairs behind preambles of growing length, up to the longest behind which enough pairs fit uncut."""
    if not records:
        return Levels([], [])
    for longest in reversed(PREAMBLE_SENTENCES):
        fit = [
            record for record in records if not longest or _whole(with_preamble(record, preamble(longest)), implicit)
        ]
        if len(fit) >= min(PREAMBLE_PAIRS // 2, len(records)):
            break
    fit = fit[:PREAMBLE_PAIRS]
    levels: list[PromptLevel] = []
    for sentences in (count for count in PREAMBLE_SENTENCES if count <= longest):
        longer = [with_preamble(record, preamble(sentences)) if sentences else record for record in fit]
        scored = _reductions(f"{name}.preamble{sentences}", longer, implicit, folder)
        prompt_tokens = float(np.mean([tokens.prompt_tokens for tokens in _encoded(longer, implicit)]))
        sums, means = (np.array([row.numbers for row in scored[each]]) for each in ("response_sum", "sequence_mean"))
        levels.append(PromptLevel(prompt_tokens, sums, means))
    return Levels(levels, [record.target for record in fit])


def _encoded(records: Sequence[Record], implicit: ImplicitScorer) -> list[ResponseTokens]:
    return [tokens for tokens in implicit.encoder.encode_records(records) if tokens is not None]


def _whole(record: Record, implicit: ImplicitScorer) -> bool:
    return not any(tokens.truncated for tokens in _encoded([record], implicit))
