"""What a filter judges: pairs as a whole, candidates response by response; and records made of what it kept."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rmexp.metrics.preferred_side import is_tie, preferred_side
from rmexp.records import Candidates, Preference, Scored
from rmexp.scored import strongest
from rmexp.selection.rules import Decision, FilterItems, combined


def pair_items(
    records: Sequence[Preference], scored: Sequence[Sequence[Scored]], groups: Sequence[str] | None
) -> FilterItems:
    """One item a pair.

    Args:
        records: N pairs.
        scored: rows of each scorer, in the records' order.
        groups: of the records; None where there are none.
    """
    target = np.array([record.target for record in records])
    better = preferred_side(target)
    rows = np.arange(len(records))
    scores = [np.array([row.scores for row in one], dtype=np.float64) for one in scored]  # NaN of None
    unscored = np.any([np.isnan(one).any(axis=1) for one in scores], axis=0)
    margins = [np.where(is_tie(target), np.nan, one[rows, better] - one[rows, 1 - better]) for one in scores]
    margin, apart = combined(margins, zero=True)
    disagreement = None if apart is None else np.nan_to_num(apart)
    score = combined([one[rows, better] for one in scores], zero=False)[0]
    return FilterItems(margin, score, disagreement, groups, None, unscored, _marks(scored))


def response_items(
    records: Sequence[Candidates], scored: Sequence[Sequence[Scored]], groups: Sequence[str] | None
) -> FilterItems:
    """One item a response, those of a record one after the other; arguments as for `pair_items`."""
    counts = [len(record.responses) for record in records]
    values = [np.array([value for row in one for value in row.scores], dtype=np.float64) for one in scored]
    score, apart = combined(values, zero=False)
    repeated = None if groups is None else np.repeat(groups, counts).tolist()
    prompts = np.repeat(np.arange(len(records)).astype(str), counts).tolist()
    return FilterItems(None, score, apart, repeated, prompts, np.isnan(score), _marks(scored))


def pair_rows(
    records: Sequence[Preference], items: FilterItems, decisions: Sequence[Decision], kept: bool
) -> Iterator[dict[str, Any]]:
    """The kept pairs, or the dropped ones, each with figures and reason; as records they can be read again."""
    assert items.margin is not None
    for index, (record, decision) in enumerate(zip(records, decisions, strict=True)):
        if decision.kept == kept:
            figures = {"margin": _number(items.margin[index]), "score": _number(items.score[index])}
            why = {"reason": decision.reason, "rule": decision.rule, "figures": figures}
            yield record.to_row() | why | _mark(items, index)


def response_rows(
    records: Sequence[Candidates], items: FilterItems, decisions: Sequence[Decision], kept: bool
) -> Iterator[dict[str, Any]]:
    """Each record with those of its responses that were kept, or dropped, and the score and reason of each."""
    start = 0
    for place, record in enumerate(records):
        own = [index for index in range(len(record.responses)) if decisions[start + index].kept == kept]
        if own:
            yield record.of(own).to_row() | {
                "scores": [_number(items.score[start + index]) for index in own],
                "reasons": [decisions[start + index].reason for index in own],
                **_mark(items, place),
            }
        start += len(record.responses)


def _marks(scored: Sequence[Sequence[Scored]]) -> list[str | None]:
    """What is known of each record by any of the scorers."""
    return [strongest(row.trained_on for row in rows) for rows in zip(*scored, strict=True)]


def _mark(items: FilterItems, place: int) -> dict[str, str]:
    """As a row says it; nothing where nobody knows, or the items come without."""
    mark = items.trained_on[place] if items.trained_on else None
    return {} if mark is None else {"trained_on": mark}


def _number(value: float) -> float | None:
    """A figure as JSON has it."""
    return None if np.isnan(value) else float(value)
