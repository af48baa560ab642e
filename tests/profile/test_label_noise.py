import numpy as np
import pytest

from rmexp.data.clusters import clusters_of
from rmexp.profile.consistency import consistency
from rmexp.profile.label_noise import flip_rate, label_noise
from rmexp.profile.pair_texts import pair_texts
from rmexp.records import Preference


def estimates(records, margins=None, group=None):
    texts, clusters = pair_texts(records), clusters_of(records, group)
    return {e.method: e for e in label_noise(consistency(texts)[0], texts.target, margins, clusters)}


def noisy_order(rate, prompts, responses, repeats=1):
    """All pairs of ordered responses, each label turned round at a rate."""
    rng = np.random.default_rng(0)
    return [
        Preference(f"p{prompt}", f"{prompt} {a}", f"{prompt} {b}", target=float(rng.random() >= rate))
        for prompt in range(prompts)
        for a in range(responses)
        for b in range(a + 1, responses)
        for _ in range(repeats)
    ]


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.2])
def test_the_rate_of_independent_flips_is_found_in_cycles(rate):
    found = estimates(noisy_order(rate, prompts=400, responses=4))["triangles"]
    assert found.n == 1600
    assert found.value == pytest.approx(rate, abs=0.02)


@pytest.mark.parametrize("repeats", [2, 3, 6])
@pytest.mark.parametrize("rate", [0.0, 0.05, 0.2])
def test_it_is_found_in_repeated_pairs(rate, repeats):
    found = estimates(noisy_order(rate, prompts=3000, responses=2, repeats=repeats))["repeated_pairs"]
    assert found.value == pytest.approx(rate, abs=0.02)
    assert found.low <= found.value <= found.high


def test_beyond_chance_it_stays_at_one_half():
    assert flip_rate(0.7) == 0.5


def test_soft_labels_are_shares_of_raters():
    records = [Preference(f"p{i}", "a", "b", target=0.8 if i % 2 else 0.1) for i in range(100)]
    found = estimates(records)["votes"]
    assert found.value == pytest.approx(0.15)
    assert found.low < 0.15 < found.high


def test_confident_disagreement_is_a_share_of_the_labelled_pairs():
    records = [Preference(f"p{i}", "a", "b", target=0.5 if i == 0 else 1.0) for i in range(41)]
    margins = np.full(41, 1.0)
    margins[:3] = -5.0
    assert estimates(records, margins)["confident_disagreement"].value == pytest.approx(2 / 40)


@pytest.mark.parametrize("method", ["votes", "confident_disagreement"])
def test_pairs_of_a_prompt_that_are_alike_tell_no_more_than_one(method):
    def found(copies):
        records = [
            Preference(f"p{i}", f"a{i}{copy}", f"b{i}{copy}", target=0.6 + 0.01 * (i % 30))
            for i in range(60)
            for copy in range(copies)
        ]
        margins = np.repeat(np.where(np.arange(60) % 4, 3.0, -3.0), copies)
        return estimates(records, margins)[method]

    one, four = found(1), found(4)
    assert four.value == pytest.approx(one.value)
    assert (four.low, four.high) == pytest.approx((one.low, one.high), abs=0.01)


def test_what_cannot_be_estimated_says_why():
    found = estimates([Preference("p", "a", "b")])
    assert all(estimate.value is None for estimate in found.values())
    assert "0 repeated pairs, expected at least 20" in found["repeated_pairs"].says
    assert "could not be fitted" in found["confident_disagreement"].says
