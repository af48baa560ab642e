"""The scores of each scorer of an evaluation on each set, as columns, and what is judged by them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from omegaconf import DictConfig, OmegaConf

from rmexp.data.rules import LEARNT, check_baselines, rule_scores
from rmexp.evaluation.apart import set_apart
from rmexp.evaluation.judge import judge
from rmexp.evaluation.judgement import Judgement
from rmexp.evaluation.scores import Scores, scores_of
from rmexp.evaluation.test_set import TestSet
from rmexp.profile.baselines import baseline_scores
from rmexp.runs.summaries.read import ReadBy
from rmexp.runs.summaries.seed_groups import check_groups
from rmexp.runs.summaries.seen import SeenBy, seen_of
from rmexp.scored import ResponseCounts
from rmexp.scoring.shared_scoring import score_together
from rmexp.verbs.evaluating.sets import EvaluatedSet
from rmexp.verbs.limits import is_limited
from rmexp.verbs.scorers import built_scorer

_NO_NAME = re.compile(r"[^\w.-]")  # characters that no file is called with


class Column(NamedTuple):
    """One scorer on every set.

    Attributes:
        description: what it says of itself.
        scores: of each set.
        marks: of the records of each set, what the scorer's model knows of them; see `rmexp.records.MARKS`.
        seen: the same of each set, counted.
        read: of each set; none of a scorer that reads no tokens itself.
        computed: records that this process has scored itself.
    """

    description: dict[str, Any]
    scores: list[Scores]
    marks: list[list[str | None]]
    seen: list[SeenBy]
    read: list[ReadBy]
    computed: int


def score_columns(config: DictConfig, sets: Sequence[EvaluatedSet], folder: Path) -> dict[str, Column]:
    """Score every set with every scorer of the configuration, one scorer at a time.

    Args:
        config: of the verb.
        sets: to be scored.
        folder: of the scored files.

    Returns:
        Columns by the names that tables give the scorers.

    Raises:
        ValueError: two scorers have the same name, or there is no such baseline or seed of a method.
    """
    _check(config)
    columns: dict[str, Column] = {}
    for key, node in [(None, config.scorer), *config.scorers.items()]:
        named = {} if key is None else {"name": str(key)}
        scorer, known, scores, marks, seen, read, computed = None, None, list[Scores](), [], [], [], 0
        for test, limits, keep in sets:
            if scorer is None or not (scorer.stored or limits == known):
                scorer, known = built_scorer(node, limits, config.threads, **named), limits
            if not scores and scorer.name in columns:
                raise ValueError(f"two scorers are called {scorer.name} (set scorer.name, or another key of scorers)")
            file = _NO_NAME.sub("_", f"{test.data}-{test.split}.jsonl")
            path = folder / _NO_NAME.sub("_", scorer.name) / file
            found = score_together(path, scorer, test.records, shard_records=config.shard_records)
            counts = ResponseCounts()
            told = [(row.scores, row.trained_on) for row in counts.counting(found.rows)]
            scores.append(scores_of([each for each, _ in told], log_odds=found.log_odds, responses=test.responses))
            marks.append([mark for _, mark in told])
            if is_limited(scorer, counts):
                read.append(ReadBy(scorer.name, test.data, test.split, limits.max_tokens, counts))
            counted = seen_of(marks[-1], scorer.describe())
            seen.append(SeenBy(scorer.name, test.data, test.split, len(test.records), keep, counted))
            computed += found.computed
        assert scorer is not None
        columns[scorer.name] = Column(scorer.describe(), scores, marks, seen, read, computed)
    return columns


def _check(config: DictConfig) -> None:
    """Refuse what would be found wrong only when everything is scored."""
    check_baselines(config.baselines)
    names = [config.scorer.get("name"), *map(str, config.scorers)]
    if None not in names:  # stored scores may have the name of the scorer that made them
        check_groups(cast(dict[str, list[str]], OmegaConf.to_container(config.seeds)), names)


def judgements(config: DictConfig, sets: Sequence[EvaluatedSet], columns: Mapping[str, Column]) -> list[Judgement]:
    """Every scorer on each set, beside the baselines that are no scorers themselves.

    Args:
        config: of the verb.
        sets: that were scored.
        columns: their scores.
    """
    found = []
    for index, (whole, _, keep) in enumerate(sets):
        rules = _rule_columns([name for name in config.baselines if name not in columns], whole, config.seed)
        scores = {name: column.scores[index] for name, column in columns.items()}
        test = set_apart(whole, [column.marks[index] for column in columns.values()], keep=keep)
        found.append(judge(test, scores | rules))
    return found


def _rule_columns(names: Sequence[str], test: TestSet, seed: int) -> dict[str, Scores]:
    """Columns of the rules that stand beside scorers; a learnt one is left out for lists, and where pairs are too few.

    Args:
        names: kinds of `scorer=baseline`.
        test: what they judge; learnt ones judge each cluster by a fit to others.
        seed: of `random`.
    """
    if test.gold is None:
        found = baseline_scores(names, test.pairs, test.clusters, seed)
        return {name: Scores(values, log_odds=False, rule=True) for name, values in found.items()}
    rows = {name: rule_scores(name, test.records, seed) for name in names if name not in LEARNT}
    return {name: scores_of(own, log_odds=False, rule=True, responses=test.responses) for name, own in rows.items()}
