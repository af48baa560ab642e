import math

import numpy as np
import pytest

from rmexp.records import Candidates
from rmexp.suites.reward_bench_2 import DOMAINS, reward_bench_2, ties_score


def one(subset, scores, right=1, number="0"):
    gold = (1.0,) * right + (0.0,) * (len(scores) - right)
    texts = tuple(f"response {i}" for i in range(len(scores)))
    return Candidates("p", texts, gold, id=f"{subset}{number}", meta={"subset": subset, "id": number}), scores


def test_best_of_four_shares_the_highest_score():
    found = [one("Math", [3, 1, 2, 0]), one("Math", [3, 3, 2, 0]), one("Math", [1, 3, 2, 0])]
    figures = reward_bench_2(*zip(*found, strict=True))
    assert figures["Math"] == (1 + 1 / 2 + 0) / 3
    assert (figures["Focus"], figures["score"]) == (None, None)


def test_the_score_is_the_mean_of_six_domains():
    found = [one(name, [1, 0, 0, 0] if name != "Safety" else [0, 1, 0, 0]) for name in DOMAINS[:-1]]
    found += [one("Ties", [5, 5, 0], 2, "tied:1"), one("Ties", [5, 0], 1, "ref:1")]
    figures = reward_bench_2(*zip(*found, strict=True))
    assert figures["Ties"] == pytest.approx(0.3 + 0.3 + 0.2 + 0.2 + 0.01)  # the gap among right answers is 0
    assert figures["score"] == pytest.approx((4 * 1 + 0 + 1.01) / 6)


def test_the_ties_rule_by_hand():
    # Prompt 1: right 4 and 3, wrong 1: gap 2, among 1; reference gap 0.5, below the gap among.
    # Prompt 2: right 4 and 1, wrong 2: gap -1, among 3; reference gap -1.
    found = [
        one("Ties", [4, 3, 1], 2, "tied:1"), one("Ties", [1.5, 1], 1, "ref:1"),
        one("Ties", [4, 1, 2], 2, "tied:2"), one("Ties", [1, 2], 1, "ref:2"),
    ]  # fmt: skip
    closeness = (math.tanh(0.5 / 1 - 1) + math.tanh(-1 / 3 - 1)) / 2
    expected = 0.3 * 0.5 + 0.3 * 0.5 + 0.2 * 0.5 + 0.2 * 0 + 0.01 * closeness
    assert ties_score(found) == pytest.approx(expected)


def slow(found):
    """Prompt by prompt, as the rule is written down."""
    prompts = {}
    for record, scores in found:
        kind, number = record.meta["id"].split(":")
        right = [score for score, gold in zip(scores, record.gold, strict=True) if gold]
        wrong = [score for score, gold in zip(scores, record.gold, strict=True) if not gold]
        prompts.setdefault(number, {})[kind] = (min(right) - max(wrong), max(right) - min(right))
    tied, among = np.array([prompts[number]["tied"] for number in prompts]).T
    reference = np.array([prompts[number]["ref"][0] for number in prompts])
    total = 0.3 * np.mean(tied > 0) + 0.3 * np.mean(reference > 0) + 0.2 * np.mean(tied > among)
    smaller = np.minimum(tied, reference)
    return total + 0.2 * np.mean(smaller > among) + 0.01 * np.mean(np.tanh(smaller / among - 1))


def test_the_ties_rule_against_a_slow_loop():
    rng = np.random.default_rng(0)
    found = []
    for number in range(40):
        right = int(rng.integers(2, 6))
        base = [2.0] * right + [0.0] * 8
        found.append(one("Ties", (np.array(base) + rng.normal(size=right + 8)).tolist(), right, f"tied:{number}"))
        found.append(one("Ties", (np.array([2.0, 0.0, 0.0]) + rng.normal(size=3)).tolist(), 1, f"ref:{number}"))
    assert 0.1 < ties_score(found) < 0.9
    assert ties_score(found) == pytest.approx(slow(found))


def test_without_both_kinds_there_is_no_figure():
    assert ties_score([one("Ties", [4, 3, 1], 2, "tied:1")]) is None
