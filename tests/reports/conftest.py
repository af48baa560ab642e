from collections.abc import Callable

import numpy as np
import pytest

from rmexp.comparison.agreement import agreement
from rmexp.comparison.compared import compare_pairs
from rmexp.comparison.flips import flips
from rmexp.comparison.graded import graded
from rmexp.comparison.length import length_effect
from rmexp.comparison.progress import ProgressPoint
from rmexp.comparison.reductions import PromptLevel, reductions
from rmexp.evaluation.measures.accuracy import pairwise_accuracy
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.slices import Slicing
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.records import Preference
from rmexp.reports.compare.content import (
    ComparedSet,
    CompareReport,
    DataAccount,
    Disagreement,
    Facts,
    Showcase,
    SplitResult,
    StageResult,
)
from rmexp.reports.made import Made
from rmexp.runs.environment import Environment
from rmexp.runs.summaries.compare import Reductions, RewardScale, ShowcasePrompt

MakeSplit = Callable[[str, int], SplitResult]


@pytest.fixture(scope="session")
def make_split() -> MakeSplit:
    """Invented scores of a split: the explicit reward errs on the first pair, the implicit one on the second."""

    def make(name: str, pairs: int) -> SplitResult:
        rng = np.random.default_rng(pairs)
        explicit, implicit = rng.normal((5, -5), size=(pairs, 2)), rng.normal((0, -9), size=(pairs, 2))
        explicit[:1], implicit[1:2] = explicit[:1, ::-1], implicit[1:2, ::-1]
        target, tokens, clusters = np.ones(pairs), rng.integers(10, 60, (pairs, 2)), np.arange(pairs)
        records = [Preference(f"Q{i}", "yes", "no") for i in range(pairs)]
        both = Scores(explicit, log_odds=True), Scores(implicit, log_odds=True)
        return SplitResult(
            name,
            explicit,
            implicit,
            target,
            pairwise_accuracy(explicit, target),
            pairwise_accuracy(implicit, target),
            agreement(explicit, implicit, target),
            compare_pairs(as_test_set(Origin("d", name), records), *both)[0].paired,
            length_effect(explicit, tokens, target, clusters),
            length_effect(implicit, tokens, target, clusters),
        )

    return make


@pytest.fixture(scope="session")
def sets() -> list[ComparedSet]:
    """Held-out pairs, the same in other tokens, and other data on which the implicit reward is a coin."""
    rng = np.random.default_rng(0)
    records = [Preference(f"Q{i}", "long answer " * (1 + i % 3), f"short {i}", id=str(i)) for i in range(40)]
    pairs = as_test_set(Origin("d", "val"), records, Slicing(by_length=True))
    explicit, implicit, coin = (rng.normal((mean, 0), size=(40, 2)) for mean in (2, 0.8, 0))
    tokens = rng.integers(5, 60, (40, 2))
    columns = [Scores(values, log_odds=True) for values in (explicit, implicit, coin)]
    found = compare_pairs(pairs, columns[0], columns[1])
    turned = flips(implicit, implicit / tokens, tokens, pairs.target, pairs.clusters)
    other = compare_pairs(pairs, columns[0], columns[2])[:1]
    return [
        ComparedSet("val", "held_out", "val", 40, 40, found, None, 0.5, 0.6, turned),
        ComparedSet("layout", "tokens", "val", 40, 50, found[:1], found[0], 0.5, 0.6, ()),
        ComparedSet("elsewhere", "domain", "test", 40, 40, other, None, None, 0.7, ()),
    ]


@pytest.fixture(scope="session")
def stage() -> StageResult:
    """Two epochs of two steps, cells as a CSV reader gives them."""
    rows = [
        {
            "step": "1",
            "epoch": "0.5",
            "train/loss": "0.69",
            "train/accuracy": "0.5",
            "val/loss": "",
            "val/accuracy": "",
        },
        {"step": "2", "epoch": "1", "train/loss": "0.3", "train/accuracy": "1", "val/loss": "", "val/accuracy": ""},
        {"step": "2", "epoch": "1", "train/loss": "", "train/accuracy": "", "val/loss": "0.2", "val/accuracy": "0.75"},
        {"step": "3", "epoch": "1.5", "train/loss": "0.1", "train/accuracy": "1", "val/loss": "", "val/accuracy": ""},
        {"step": "4", "epoch": "2", "train/loss": "0.01", "train/accuracy": "1", "val/loss": "", "val/accuracy": ""},
        {"step": "4", "epoch": "2", "train/loss": "", "train/accuracy": "", "val/loss": "0.02", "val/accuracy": "1"},
    ]
    return StageResult("reward", rows, "reward", False, 1.5, 500.0, 700.0, 160_512)


@pytest.fixture(scope="session")
def full(make_split: MakeSplit, stage: StageResult, sets: list[ComparedSet]) -> CompareReport:
    """A comparison with every part."""
    unseen = make_split("unseen", 8)
    scores = np.asarray(unseen.implicit_scores)
    levels = [PromptLevel(15.0, scores, scores / 60), PromptLevel(400.0, scores / 2, -scores / 900)]
    labels = ("json", "text", "one sentence")
    return CompareReport(
        Facts("json_vs_text", "tiny", 0, 400, 0, 0.1, Made("runs/compare/example", Environment(), "seed: 0\n")),
        splits=(make_split("val", 10), unseen),
        stages=(stage,),
        account=(DataAccount("train", 400, 399, 3, 1, 0), DataAccount("val", 10, 9, 0, 0, 1)),
        showcase=Showcase(
            [ShowcasePrompt("Kafka (unseen)", "What is Kafka?", '{"kind": "log"}', "A log.", (5.4, -6.5), (-1, -7))],
            "JSON",
            "text",
        ),
        reductions=Reductions("unseen", reductions(levels, np.ones(8))),
        graded=graded(labels, {"explicit": [[3, 2, 1], [3, 1, 2]], "implicit": [[3, 2, 1], [1, 2, 3]]}),
        sets=sets,
        progress=(
            ProgressPoint(0.5, 0.8, 0.6, 0.7, 0.2, 0.9, 0.7),
            ProgressPoint(1.0, 0.9, 0.7, 0.75, None, 1.0, 1.0),
        ),
        scale=RewardScale(-0.3, 1.7, "response_sum"),
        disagreements=(
            Disagreement("val", "a1", "Which?", "This.", "That.", 1.0, (1.25, 0.5), (-3.0, -2.0), 0.75, 0.125),
        ),
    )
