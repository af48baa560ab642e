"""Whether the labels of a data set agree with each other: repeated pairs, contradictions, cycles.

Shapes: N pairs, E edges from a preferred response to another one of the same prompt.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from rmexp.data.normalised import normalised, text_key
from rmexp.metrics.preferred_side import is_tie, preferred_side
from rmexp.profile.pair_texts import PairTexts

MOST_EDGES = 2_000_000  # steps of two edges that are looked at for triangles


@dataclass(frozen=True, slots=True)
class Consistency:
    """Counts of what repeats and what contradicts.

    Attributes:
        duplicates: rows that repeat an earlier one: prompt, chosen and rejected.
        normalised_duplicates: rows that do when case, white space and punctuation are left aside, those among them.
        both_orders: pairs of responses to a prompt that stand in the data in both orders.
        repeated: pairs of responses to a prompt that are labelled, other than as a tie, more than once.
        contradictions: those of them with labels in both directions.
        identical_normalised: rows whose two responses differ in nothing but case, white space or punctuation.
        in_cycles: rows whose preference lies on a cycle such as a > b > c > a within its prompt.
        triangles: three responses to a prompt of which each two are compared; None where there are too many to count.
        cyclic_triangles: those of them that are such a cycle.
        disagreement: probability in [0, 1] that two labels of a repeated pair differ, on average over these pairs; None
            without any. Not known in older files.
    """

    duplicates: int
    normalised_duplicates: int
    both_orders: int
    repeated: int
    contradictions: int
    identical_normalised: int
    in_cycles: int
    triangles: int | None
    cyclic_triangles: int | None
    disagreement: float | None = None


class Examples(NamedTuple):
    """(K,) indices of pairs to be shown.

    Attributes:
        contradicting: two rows of each contradicted pair of responses, one after the other.
        in_cycles: rows on a cycle, prompt by prompt.
    """

    contradicting: NDArray[np.int64]
    in_cycles: NDArray[np.int64]


def consistency(texts: PairTexts) -> tuple[Consistency, Examples]:
    """Count what repeats and what contradicts."""
    rows = np.stack([texts.prompt, texts.chosen, texts.rejected], axis=1)
    keys = (text_key(normalised(text)) for text in texts.texts)
    plain = np.unique(np.fromiter(keys, np.uint64, len(texts.texts)), return_inverse=True)[1]
    alike = np.stack([plain[column] for column in rows.T], axis=1)
    pairs, turned = _unordered(rows)
    votes = _votes(texts) * np.where(turned, -1, 1)  # 1: the response with the smaller number is better
    up, down = (np.bincount(pairs[votes == vote], minlength=pairs.max(initial=0) + 1) for vote in (1, -1))
    contradicted = (up > 0) & (down > 0)
    orders = [np.isin(np.arange(len(up)), pairs[turned == order]) for order in (False, True)]
    graph = _graph(texts)
    in_cycles = _in_cycles(texts, graph)
    triangles, cyclic = _triangles(graph)
    counts = Consistency(
        duplicates=len(rows) - len(np.unique(rows, axis=0)),
        normalised_duplicates=len(alike) - len(np.unique(alike, axis=0)),
        both_orders=int((orders[0] & orders[1]).sum()),
        repeated=int((up + down > 1).sum()),
        contradictions=int(contradicted.sum()),
        identical_normalised=int((alike[:, 1] == alike[:, 2]).sum()),
        in_cycles=int(in_cycles.sum()),
        triangles=triangles,
        cyclic_triangles=cyclic,
        disagreement=_disagreement(up, down),
    )
    return counts, Examples(_opposite_rows(pairs, votes, contradicted), _by_prompt(texts, in_cycles))


def _unordered(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(N,) the number of each pair of responses to a prompt, and whether the larger one is listed first."""
    turned = rows[:, 1] > rows[:, 2]
    ordered = np.stack([rows[:, 0], rows[:, 1:].min(axis=1), rows[:, 1:].max(axis=1)], axis=1)
    return np.unique(ordered, axis=0, return_inverse=True)[1].reshape(-1), turned


def _disagreement(up: NDArray[np.int64], down: NDArray[np.int64]) -> float | None:
    """Mean over pairs with several labels of the share of these labels' own pairs that differ."""
    labels = up + down
    several = labels > 1
    shares = 2.0 * up[several] * down[several] / (labels[several] * (labels[several] - 1))
    return float(shares.mean()) if len(shares) else None


def _opposite_rows(pairs: NDArray[np.int64], votes: NDArray[Any], contradicted: NDArray[np.bool_]) -> NDArray[np.int64]:
    shown = np.flatnonzero(contradicted)
    first = [np.flatnonzero((pairs == pair) & (votes == vote))[0] for pair in shown[:10] for vote in (1, -1)]
    return np.array(first, dtype=np.int64)


def _by_prompt(texts: PairTexts, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(texts.prompt[rows], kind="stable")]


class _Graph(NamedTuple):
    """Who beats whom, by the majority of the labels.

    Attributes:
        better: (E,) number of a response to a prompt.
        worse: (E,) likewise.
        nodes: how many such responses there are.
        first: (N,) number of each pair's first response.
        second: (N,) number of the other.
        lead: (N,) votes for the first response less those for the second, of all pairs of these two.
    """

    better: NDArray[np.int64]
    worse: NDArray[np.int64]
    nodes: int
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    lead: NDArray[np.int64]


def _votes(texts: PairTexts) -> NDArray[np.int64]:
    """(N,): 1 for the response listed first, -1 for the second, 0 for a tie."""
    return np.where(is_tie(texts.target), 0, 1 - 2 * preferred_side(texts.target))


def _graph(texts: PairTexts) -> _Graph:
    both = np.concatenate([texts.prompt * len(texts.texts) + side for side in (texts.chosen, texts.rejected)])
    names, numbers = np.unique(both, return_inverse=True)
    first, second = numbers.reshape(2, -1)
    low, high = np.minimum(first, second), np.maximum(first, second)
    compared, place = np.unique(low * len(names) + high, return_inverse=True)
    towards_low = np.where(first < second, 1, -1)
    net = np.bincount(place, weights=_votes(texts) * towards_low, minlength=len(compared)).astype(np.int64)
    low, high = (part.astype(np.int64) for part in np.divmod(compared[net != 0], max(1, len(names))))
    lower_wins = net[net != 0] > 0
    better = np.where(lower_wins, low, high)
    worse = np.where(lower_wins, high, low)
    return _Graph(better, worse, len(names), first, second, net[place] * towards_low)


def _matrix(graph: _Graph) -> csr_array:
    ones = np.ones(len(graph.better), dtype=np.int64)
    return csr_array((ones, (graph.better, graph.worse)), shape=(graph.nodes, graph.nodes))


def _in_cycles(texts: PairTexts, graph: _Graph) -> NDArray[np.bool_]:
    """(N,) whether a pair's label is an edge inside a strongly connected part of its prompt's graph."""
    part = connected_components(_matrix(graph), connection="strong")[1]
    with_majority = np.where(preferred_side(texts.target) == 1, -graph.lead, graph.lead) > 0
    alike = part[graph.first] == part[graph.second]
    found: NDArray[np.bool_] = with_majority & alike & ~is_tie(texts.target)
    return found


def _triangles(graph: _Graph) -> tuple[int | None, int | None]:
    """Triangles of compared responses, and those of them that are cycles."""
    beats = _matrix(graph)
    compared = beats + beats.T
    degree = np.asarray(compared.sum(axis=1)).ravel()
    if (degree**2).sum() > MOST_EDGES:
        return None, None
    all_of_them = int((compared @ compared).multiply(compared).sum()) // 6
    cyclic = int((beats @ beats).multiply(beats.T).sum()) // 3
    return all_of_them, cyclic
