import math

import numpy as np
import pytest

from rmexp.runs.summaries.policy import BeforeAndAfter, SampledMeans


def means(empty):
    return SampledMeans(0.5, 0.5, 1.0, 20.0, 1.0, empty)


def test_a_policy_that_stays_as_it_is_seldom_moves_further():
    """Eight responses to each of five prompts, half of whose variance is that of the prompts, the same ones twice."""
    rng = np.random.default_rng(0)
    prompts = rng.normal(size=(2000, 5, 1))
    before, after = ((prompts + rng.normal(size=(2000, 5, 8))).mean(axis=(1, 2)) for _ in range(2))
    chance = BeforeAndAfter(40, means(0.0), means(0.0)).chance * math.sqrt(2)
    assert np.mean(np.abs(after - before) > chance) <= 0.05
    alone = rng.normal(size=(2, 2000, 40)).mean(axis=2)
    assert np.mean(np.abs(alone[0] - alone[1]) > chance / math.sqrt(2)) == pytest.approx(0.05, abs=0.01)


def test_it_is_that_of_two_means_of_the_responses_that_have_a_reward():
    assert BeforeAndAfter(50, means(0.0), means(0.0)).chance == pytest.approx(1.96 * math.sqrt(2 / 50))
    assert BeforeAndAfter(50, means(0.0), means(0.5)).chance == pytest.approx(1.96 * math.sqrt(1 / 50 + 1 / 25))
