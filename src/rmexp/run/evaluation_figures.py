"""From the scores of an evaluation to its figures, set by set: the content of evaluation.json."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from rmexp.analysis.baselines import baseline_scores
from rmexp.analysis.best_of_k import best_of_k
from rmexp.analysis.evaluation import Evaluated, Row, evaluate_pairs
from rmexp.analysis.pair_set import PairSet, pair_set
from rmexp.analysis.seed_groups import check_groups, seed_rows
from rmexp.data.record_field import has_field
from rmexp.data.rules import LEARNT, check_baselines, rule_scores
from rmexp.data.split import group_key
from rmexp.preference_data import Aggregate
from rmexp.reports.evaluation import SetView
from rmexp.run.evaluation_sets import EvaluationSet, ScoredSets
from rmexp.statistics.bootstrap import check_draws

log = logging.getLogger(__name__)

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
    fields_of = slice_fields(config, sets)
    for one, fields in zip(sets, fields_of, strict=True):
        for missing in (field for field in config.slices if field not in fields):
            log.info("%s %s has no field %s: no slices by it there", one.data, one.split, missing)
    return [
        pair_set(one.data, one.split, one.pairs, group=one.loading.group, fields=fields, bins=one.bins)
        if one.pairs
        else None
        for one, fields in zip(sets, fields_of, strict=True)
    ]


def slice_fields(config: DictConfig, sets: Sequence[EvaluationSet]) -> list[list[str]]:
    """The fields that each set has slices by: those asked for, less what only other sets have."""
    known = [[has_field(one.records, field) for field in config.slices] for one in sets]
    anywhere = [any(has) for has in zip(*known, strict=True)]
    return [
        [field for field, here, other in zip(config.slices, has, anywhere, strict=True) if here or not other]
        for has in known
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
    results, comparisons, suites, views = list[Row](), list[Row](), list[Row](), list[SetView]()
    for index, (one, measured, fields) in enumerate(zip(sets, pairs, slice_fields(config, sets), strict=True)):
        scores: dict[str, Any] = {name: [row.scores for row in found[index][1].rows] for name, found in done.items()}
        if measured is not None:
            unscaled = [name for name, found in done.items() if not found[index][1].log_odds]
            arrays = {name: np.array(values) for name, values in scores.items()}
            scores, figures = _pairs(config, measured, arrays, unscaled)
            results += figures.results
            comparisons += figures.comparisons
            views.append(SetView(measured, scores, list(done), unscaled))
        else:
            rules = [name for name in _rules(config, scores) if name not in LEARNT]
            scores |= {name: rule_scores(name, one.records, config.seed) for name in rules}
            results += _lists(fields, one, scores, list(done))
        if one.aggregate is not None:
            suites += [_suite(one, one.aggregate, name, values) for name, values in scores.items()]
    content = {
        "results": results,
        "comparisons": comparisons,
        "seeds": seed_rows(results, OmegaConf.to_container(config.seeds), list(done)),
        "suites": suites,
        "scorers": {name: found[0][0] for name, found in done.items()},
        "bootstrap": {"draws": config.draws, "seed": config.seed, "confidence": 0.95},
    }
    return content, views


def _pairs(
    config: DictConfig, pairs: PairSet, scores: Scores, unscaled: Sequence[str]
) -> tuple[dict[str, Any], Evaluated]:
    rules = baseline_scores(_rules(config, scores), pairs.records, pairs.clusters, config.seed)
    everything = {**scores, **rules}
    options = {"draws": config.draws, "seed": config.seed, "unscaled": unscaled}
    return everything, evaluate_pairs(pairs, everything, rules=list(rules), **options)


def _rules(config: DictConfig, scores: Mapping[str, Any]) -> list[str]:
    """The baselines that are not scorers of this evaluation themselves."""
    return [name for name in config.baselines if name not in scores]


def _lists(fields: Sequence[str], one: EvaluationSet, scores: Mapping[str, Any], scorers: Sequence[str]) -> list[Row]:
    """Rows of every slice and scorer; figures of probabilities do not exist for lists."""
    names = {field: [group_key(record, field, "slices") for record in one.lists] for field in fields}
    slices: dict[str | None, list[int]] = {None: list(range(len(one.lists)))}
    for field, values in names.items():
        for index, value in enumerate(values):
            slices.setdefault(f"{field}={value}", []).append(index)
    return [
        {
            **{"scorer": name, "data": one.data, "split": one.split, "slice": slice_name},
            **{"records": "lists", "baseline": name not in scorers, "nll": None, "brier": None, "ece": None},
            **best_of_k([values[i] for i in inside], [one.lists[i].gold or () for i in inside]).to_row(),
        }
        for slice_name, inside in slices.items()
        for name, values in scores.items()
    ]


def _suite(one: EvaluationSet, aggregate: Aggregate, name: str, scores: Any) -> Row:
    return {"scorer": name, "data": one.data, "split": one.split, "figures": dict(aggregate(one.records, scores))}
