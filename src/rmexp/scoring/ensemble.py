"""Several scorers as one: their mean, or less where they disagree."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rmexp.data.loading import Limits
from rmexp.ranges import check_range
from rmexp.records import Record, Scored
from rmexp.scored import strongest
from rmexp.scoring.scorer import Scorer, fingerprint_of

REDUCTIONS = ("mean", "min", "mean_minus_sd")


class EnsembleScorer:
    """Scores with what several scorers, such as seeds or checkpoints, say of a response.

    Args:
        name: of the scorer, for files and tables.
        members: partials of scorers by name, at least two. Rewards of two models have no zero in common: without
            `centred` members `min` may be one member everywhere.
        reduction: over members: `mean`; `min`, the most cautious one; or `mean_minus_sd`.
        k: standard deviations (over the members, as a population) that `mean_minus_sd` takes off, at least 0.
        limits: for the members.
        threads: for the members.

    Raises:
        ValueError: there are too few members, no such reduction, or a negative k.

    Source: Coste et al. 2023, "Reward model ensembles help mitigate overoptimization", section 3 (there the variance is
        taken off; here the deviation, which has the unit of a reward).
    """

    reads: ClassVar[Mapping[str, str]] = {}
    tokenizer = None

    def __init__(
        self,
        name: str,
        members: Mapping[str, Callable[..., Scorer]],
        reduction: str,
        k: Annotated[float, "at least 0"],
        *,
        limits: Limits,
        threads: int | None,
    ) -> None:
        if reduction not in REDUCTIONS:
            raise ValueError(f"scorer.reduction must be one of {', '.join(REDUCTIONS)}, got {reduction}")
        if len(members) < 2:
            raise ValueError(
                f"an ensemble needs at least two members, got {len(members)} "
                "(+scorer@scorer.members.NAME=explicit adds one)"
            )
        check_range("scorer.k", k, "at least 0")
        self.name, self.reduction, self.k = name, reduction, k
        self.members = {key: make(limits=limits, threads=threads) for key, make in members.items()}
        self.stored = any(member.stored for member in self.members.values())
        self.log_odds = reduction == "mean" and all(member.log_odds for member in self.members.values())
        self.fingerprint = fingerprint_of(**self._definition())

    def score(self, records: Sequence[Record]) -> Iterator[Scored]:
        """The members' scores reduced, none where one has none; tokens and cuts are those of the longest reading."""
        columns = [member.score(records) for member in self.members.values()]
        return (self._reduced(rows) for rows in zip(*columns, strict=True))

    def describe(self) -> dict[str, Any]:
        """For manifests."""
        return {"name": self.name, "kind": "ensemble", "fingerprint": self.fingerprint, **self._definition()}

    def _definition(self) -> dict[str, Any]:
        spread = {"k": self.k} if self.reduction == "mean_minus_sd" else {}
        members = {key: member.describe() for key, member in self.members.items()}
        return {"reduction": self.reduction, **spread, "members": members}

    def _reduced(self, rows: Sequence[Scored]) -> Scored:
        values = np.array([row.scores for row in rows], dtype=np.float64)  # NaN where a member has no score
        scores = [None if np.isnan(score) else score for score in reduced(values, self.reduction, self.k).tolist()]
        tokens = tuple(max(lengths) for lengths in zip(*(row.tokens for row in rows), strict=True))
        truncated = tuple(any(cuts) for cuts in zip(*(row.truncated for row in rows), strict=True))
        return Scored(rows[0].id, tuple(scores), tokens, truncated, strongest([row.trained_on for row in rows]))


def reduced(scores: NDArray[np.float64], reduction: str, k: float) -> NDArray[np.float64]:
    """(K,) of the (M, K) scores of M members.

    >>> reduced(np.array([[1.0, 0.0], [3.0, 0.0]]), "mean_minus_sd", 2.0).tolist()
    [0.0, 0.0]
    """
    if reduction == "min":
        lowest: NDArray[np.float64] = scores.min(axis=0)
        return lowest
    mean: NDArray[np.float64] = scores.mean(axis=0)
    return mean if reduction == "mean" else mean - k * scores.std(axis=0)
