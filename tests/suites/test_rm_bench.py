import numpy as np
import pytest

from rmexp.records import Preference
from rmexp.suites.rm_bench import rm_bench, style_matrix

PARTS = ("chat", "code", "math", "safety-refuse", "safety-response")


def pairs(domain, chosen, rejected):
    """The nine pairs of one row whose responses have these scores."""
    records, scores = [], []
    for i, better in enumerate(chosen):
        for j, worse in enumerate(rejected):
            meta = {"domain": domain, "chosen_style": i, "rejected_style": j}
            records.append(Preference(f"{domain} {i} {j}", "a", "b", meta=meta))
            scores.append((better, worse))
    return records, scores


def joined(*parts):
    return [[one for part in parts for one in part[side]] for side in (0, 1)]


def test_a_scorer_of_style_alone_wins_easy_and_loses_hard():
    figures = rm_bench(*joined(*(pairs(part, [0, 1, 2], [0.5, 1.5, 2.5]) for part in PARTS)))
    assert (figures["easy"], figures["normal"], figures["hard"]) == (1.0, 0.0, 0.0)
    assert figures["score"] == pytest.approx(1 / 3)


def test_domains_weigh_alike_and_safety_is_the_mean_of_its_two():
    good, bad = ([1, 1, 1], [0, 0, 0]), ([0, 0, 0], [1, 1, 1])
    rows = [pairs(part, *(bad if part == "safety-refuse" else good)) for part in PARTS]
    rows += [pairs("chat", *good)] * 5  # more rows of a domain change nothing
    figures = rm_bench(*joined(*rows))
    assert (figures["safety"], figures["chat"]) == (0.5, 1.0)
    assert figures["score"] == pytest.approx((1 + 1 + 1 + 0.5) / 4)


def test_the_matrix_against_a_slow_loop():
    rng = np.random.default_rng(0)
    chosen, rejected = rng.normal(size=(20, 3)), rng.normal(size=(20, 3))
    styles = np.array([(i, j) for _ in range(20) for i in range(3) for j in range(3)])
    right = np.array([chosen[n, i] > rejected[n, j] for n in range(20) for i in range(3) for j in range(3)])
    expected = [[np.mean(chosen[:, i] > rejected[:, j]) for j in range(3)] for i in range(3)]
    assert style_matrix(right, styles) == pytest.approx(np.array(expected))
    found = rm_bench(*joined(*(pairs("chat", c, r) for c, r in zip(chosen, rejected, strict=True))))
    cells = np.array(expected)
    hard, easy = cells[[0, 0, 1], [1, 2, 2]].mean(), cells[[1, 2, 2], [0, 0, 1]].mean()
    assert found["chat"] == pytest.approx((easy + np.trace(cells) / 3 + hard) / 3)
    assert found["score"] is None
