"""From the scores of an evaluation to its figures, set by set: the content of evaluation.json."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from rmexp.analysis.best_of_k import best_of_k
from rmexp.analysis.bootstrap import check_draws
from rmexp.analysis.evaluation import Evaluated, Row, evaluate_pairs
from rmexp.analysis.pair_set import PairSet, pair_set
from rmexp.analysis.seed_groups import check_groups, seed_rows
from rmexp.reports.evaluation import SetView
from rmexp.run.baselines import baseline_scores, check_baselines
from rmexp.run.evaluation_sets import EvaluationSet, ScoredSets

Scores = Mapping[str, NDArray[np.floating[Any]]]


def check_options(config: DictConfig) -> None:
    """Refuse what would be found wrong only when everything is scored.

    Raises:
        ValueError: naming the key.
    """
    check_baselines(config.baselines)
    check_draws(config.draws)
    names = [config.scorer.get("name"), *map(str, config.scorers)]
    if None not in names:  # stored scores may have the name of the scorer that made them
        check_groups(OmegaConf.to_container(config.seeds), names)


def pair_sets(config: DictConfig, sets: Sequence[EvaluationSet]) -> list[PairSet | None]:
    """The pairs of each set with their slices; None where it has lists."""
    return [
        pair_set(one.data, one.split, one.pairs, group=one.loading.group, fields=list(config.slices), bins=one.bins)
        if one.pairs
        else None
        for one in sets
    ]


def evaluated(
    config: DictConfig, sets: Sequence[EvaluationSet], pairs: Sequence[PairSet | None], done: ScoredSets
) -> tuple[dict[str, Any], list[SetView]]:
    """All figures, and what the report draws from.

    Args:
        config: of the verb.
        sets: that were scored.
        pairs: of each of them.
        done: by scorer, what it says of itself and its scores of each set.
    """
    results, comparisons, views = list[Row](), list[Row](), list[SetView]()
    for index, (one, measured) in enumerate(zip(sets, pairs, strict=True)):
        rows = {name: [row.scores for row in found[index][1].rows] for name, found in done.items()}
        if measured is not None:
            scores, figures = _pairs(config, measured, {name: np.array(values) for name, values in rows.items()})
            results += figures.results
            comparisons += figures.comparisons
            views.append(SetView(measured, scores, list(rows)))
        else:
            results += [_lists(one, name, values) for name, values in rows.items()]
    content = {
        "results": results,
        "comparisons": comparisons,
        "seeds": seed_rows(results, OmegaConf.to_container(config.seeds), list(done)),
        "suites": [],
        "scorers": {name: found[0][0] for name, found in done.items()},
        "bootstrap": {"draws": config.draws, "seed": config.seed, "confidence": 0.95},
    }
    return content, views


def _pairs(config: DictConfig, pairs: PairSet, scores: Scores) -> tuple[Scores, Evaluated]:
    others = [name for name in config.baselines if name not in scores]
    everything = {**scores, **baseline_scores(others, pairs, config.seed)}
    rules = [name for name in everything if name not in scores]
    return everything, evaluate_pairs(pairs, everything, rules=rules, draws=config.draws, seed=config.seed)


def _lists(one: EvaluationSet, name: str, scores: Sequence[Sequence[float]]) -> Row:
    figures = best_of_k(scores, [record.gold or () for record in one.lists]).to_row()
    where = {"scorer": name, "data": one.data, "split": one.split, "slice": None}
    return {**where, "records": "lists", "baseline": False, **figures, "nll": None, "brier": None, "ece": None}
