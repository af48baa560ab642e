"""The interval over seeds and pairs at once, where the truth is known.

A response is right where mu plus the luck of the seed, of the prompt, of the pair, and of the seed on the pair is above
0. All are normal, and those of prompt, pair and seed on the pair have a variance of 1 together.
"""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from rmexp.statistics.seeds import over_seeds_and_pairs

pytestmark = pytest.mark.slow

TIMES = 1000
NOISE = 2 * np.sqrt(0.05 * 0.95 / TIMES)
OF_PROMPT, OF_PAIR = 0.2, 0.5  # of the variance; the rest is a seed's on a pair


def credits(rng, seeds, prompts, each, share, seed_sd):
    """(S, N) of one draw of everything."""
    shape = (seeds, prompts * each)
    mu = stats.norm.ppf(share) * np.sqrt(1 + seed_sd**2)
    luck = np.repeat(rng.normal(size=prompts), each) * np.sqrt(OF_PROMPT) + rng.normal(size=shape[1]) * np.sqrt(OF_PAIR)
    own = seed_sd * rng.normal(size=(seeds, 1)) + np.sqrt(1 - OF_PROMPT - OF_PAIR) * rng.normal(size=shape)
    return (mu + luck + own > 0).astype(float)


@pytest.mark.parametrize("seed_sd", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_intervals_over_seeds_and_pairs_cover_the_share(seeds, seed_sd):
    rng, bad = np.random.default_rng(0), []
    for prompts, each, share in product((40, 400), (1, 3), (0.5, 0.8, 0.9)):
        clusters, covered = np.repeat(np.arange(prompts), each), 0
        for _ in range(TIMES):
            found = over_seeds_and_pairs(credits(rng, seeds, prompts, each, share, seed_sd), clusters)
            covered += found.low <= share <= found.high
        if covered / TIMES < 0.93 - NOISE:
            bad.append(f"{prompts} prompts of {each}, {share}: {covered / TIMES:.3f}")
    assert not bad, "\n".join(bad)
