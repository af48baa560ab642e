"""What a pair or a response must fulfil to be kept, and the reason for each that is not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.ranges import check_ranges

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Keep:
    """What is asked of an item, a pair or a single response; None asks nothing, and all of it must hold.

    Attributes:
        min_margin: of pairs: score of the response labelled better over that of the other; 0 asks that the scorer
            agrees with the label.
        min_score: of the response, in pairs of the one labelled better.
        max_disagreement: standard deviation between scorers of what items are ranked by, in units of each scorer's own
            deviation; of responses, each scorer's mean counts as 0.
        share: in (0, 1] of all items: those ranked first, by margin in pairs, else by score.
        per_group: items of one group, those ranked first.
        top: of responses: those of one prompt, ranked first.
    """

    min_margin: Annotated[float, "finite"] | None
    min_score: Annotated[float, "finite"] | None
    max_disagreement: Annotated[float, "at least 0 or inf"] | None
    share: Annotated[float, "in (0, 1]"] | None
    per_group: Annotated[int, "at least 1"] | None
    top: Annotated[int, "at least 1"] | None

    def __post_init__(self) -> None:
        check_ranges(self, "keep")


class FilterItems(NamedTuple):
    """Pairs, or single responses, with what they are judged by.

    Attributes:
        margin: (N,) of pairs; nan for labelled ties; None for responses.
        score: (N,) of the response, in pairs of the one labelled better.
        disagreement: (N,) between scorers; None for a single one.
        group: of each; None where there are no groups.
        prompt: of each response, what tells its prompt; None for pairs.
        unscored: (N,) items that a scorer gave no score, which are never kept; None where all have one.
        trained_on: what the scorers' models know of each pair, or of each list of responses; None of one they say
            nothing of.
    """

    margin: Array | None
    score: Array
    disagreement: Array | None
    group: Sequence[str] | None
    prompt: Sequence[str] | None
    unscored: NDArray[np.bool_] | None = None
    trained_on: Sequence[str | None] = ()

    @property
    def rank_by(self) -> Array:
        """(N,) what items are ranked by, highest first: labelled ties, which nothing contradicts, before all others.

        What was not scored comes last.
        """
        ranks = self.score if self.margin is None else np.nan_to_num(self.margin, nan=np.inf)
        return ranks if self.unscored is None else np.where(self.unscored, -np.inf, ranks)


class Decision(NamedTuple):
    """On one item.

    Attributes:
        kept: whether it fulfils everything.
        rule: that it fails first, the name of a field of `Keep`; `kept` where none, `unscored` where it has no score.
        reason: what was expected and what came.
    """

    kept: bool
    rule: str
    reason: str


def decide(items: FilterItems, keep: Keep) -> list[Decision]:
    """Judge every item: by the thresholds, then by its rank in all, in its group and among those of its prompt.

    Raises:
        ValueError: a rule asks for what there is not.
    """
    refuse_what_is_not_there(keep, several=items.disagreement is not None, grouped=items.group is not None)
    decisions = [_by_thresholds(items, index, keep) for index in range(len(items.score))]
    ranked = np.argsort(-items.rank_by, kind="stable").tolist()
    if keep.share is not None:
        allowed = round(keep.share * len(ranked))
        by = "score" if items.margin is None else "margin"
        for place, index in enumerate(ranked, start=1):
            if place > allowed and decisions[index].kept:
                decisions[index] = _dropped("share", f"rank {place} of {len(ranked)} by {by}, the first {allowed} stay")
    if keep.per_group is not None:
        assert items.group is not None
        _limit(decisions, ranked, items.group, keep.per_group, "per_group")
    if keep.top is not None and items.prompt is not None:
        _limit(decisions, ranked, items.prompt, keep.top, "top")
    return decisions


def refuse_what_is_not_there(keep: Keep, *, several: bool, grouped: bool) -> None:
    """Tell, before anything is scored, what a rule lacks.

    Args:
        keep: the rules.
        several: whether there are several scorers.
        grouped: whether items have groups.

    Raises:
        ValueError: a rule asks for what there is not.
    """
    if keep.max_disagreement is not None and not several:
        raise ValueError("disagreement needs the scores of several scorers, got one (set scored=[A.jsonl,B.jsonl])")
    if keep.per_group is not None and not grouped:
        raise ValueError("a quota needs groups (set data.group, such as meta.topic)")


def combined(scorers: Sequence[Array], *, zero: bool) -> tuple[Array, Array | None]:
    """One value an item from those of several scorers, and how far these are apart.

    Args:
        scorers: (N,) values of each, at least one; NaN where there is none.
        zero: whether their 0 means the same, as that of margins does. That of rewards is any number: how far scorers
            are apart is told from the mean of each.

    Returns:
        (N,) the values of a single scorer as they are, else the mean of each scorer's values in units of their own
        standard deviation; and (N,) the standard deviation of those between scorers, None for a single one.

    >>> values = [np.array([1.0, 3.0]), np.array([20.0, 40.0])]
    >>> [part.tolist() for part in combined(values, zero=True)], combined(values, zero=False)[1].tolist()
    ([[1.5, 3.5], [0.5, 0.5]], [0.0, 0.0])
    """
    if len(scorers) == 1:
        return scorers[0], None
    scaled = np.stack([values / (np.nanstd(values) or 1.0) for values in scorers])
    told = scaled if zero else scaled - np.nanmean(scaled, axis=1, keepdims=True)
    return scaled.mean(axis=0), told.std(axis=0)


def _by_thresholds(items: FilterItems, index: int, keep: Keep) -> Decision:
    if items.unscored is not None and items.unscored[index]:
        return _dropped("unscored", "not scored: it is longer than data.max_tokens")
    margin = None if items.margin is None else items.margin[index]
    if keep.min_margin is not None and margin is not None and margin < keep.min_margin:
        opposite = ": the other response is scored higher" if margin < 0 else ""
        return _dropped("min_margin", f"margin {margin:.4g}, expected at least {keep.min_margin:g}{opposite}")
    if keep.min_score is not None and items.score[index] < keep.min_score:
        return _dropped("min_score", f"score {items.score[index]:.4g}, expected at least {keep.min_score:g}")
    if keep.max_disagreement is not None and items.disagreement is not None:
        apart = items.disagreement[index]
        if apart > keep.max_disagreement:
            return _dropped(
                "max_disagreement", f"scorers {apart:.4g} apart, expected at most {keep.max_disagreement:g}"
            )
    if margin is None:
        return Decision(True, "kept", f"score {items.score[index]:.4g}")
    if np.isnan(margin):
        return Decision(True, "kept", "labelled a tie, which no margin contradicts")
    return Decision(True, "kept", f"margin {margin:.4g}")


def _limit(decisions: list[Decision], ranked: Sequence[int], keys: Sequence[str], most: int, rule: str) -> None:
    """Drop what comes after the first `most` of its key, of those that are still kept."""
    seen: Counter[str] = Counter()
    for index in ranked:
        if decisions[index].kept:
            seen[keys[index]] += 1
            if seen[keys[index]] > most:
                where = "its prompt" if rule == "top" else f"the group {keys[index]}"
                decisions[index] = _dropped(rule, f"rank {seen[keys[index]]} in {where}, the first {most} stay")


def _dropped(rule: str, reason: str) -> Decision:
    return Decision(False, rule, reason)
