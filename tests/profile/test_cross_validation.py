import numpy as np
import pytest
from scipy.sparse import csr_array

from rmexp.profile.cross_validation import held_out_margins


def linear(pairs, seed=0):
    """Features with known weights and labels drawn from them."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(pairs, 4))
    chance = 1 / (1 + np.exp(-features @ [2.0, -1.0, 0.0, 0.0]))
    return features, (rng.random(pairs) < chance).astype(float)


def test_known_weights_are_found():
    features, target = linear(1500)
    margins = held_out_margins(csr_array(features), target, np.arange(1500))
    slope = np.polyfit(features @ [2.0, -1.0, 0.0, 0.0], margins, 1)[0]
    assert slope == pytest.approx(1, abs=0.15)


def test_swapping_sides_and_labels_turns_the_sign():
    features, target = linear(200)
    margins = held_out_margins(csr_array(features), target, np.arange(200))
    turned = held_out_margins(csr_array(-features), 1 - target, np.arange(200))
    np.testing.assert_allclose(turned, -margins, atol=1e-4)


def test_labels_that_alternate_are_learnt_as_others_are():
    features, _ = linear(400)
    target = (np.arange(400) % 2).astype(float)
    features[:, 0] += 2 * target - 1
    margins = held_out_margins(csr_array(features), target, np.repeat(np.arange(200), 2))
    assert ((margins > 0) == (target > 0.5)).mean() > 0.8


def test_features_are_as_they_were():
    features, target = linear(300)
    sparse = csr_array(features)
    held_out_margins(sparse, target, np.arange(300))
    np.testing.assert_array_equal(sparse.toarray(), features)


def test_a_cluster_is_never_judged_by_itself():
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(40), 10)
    own = csr_array((np.ones(400), (np.arange(400), clusters)), shape=(400, 40))  # tells only the cluster
    target = rng.integers(0, 2, 40)[clusters].astype(float)
    assert held_out_margins(own, target, clusters).tolist() == [0.0] * 400
    alone = held_out_margins(own, target, np.arange(400))
    assert (np.sign(alone) == np.sign(target - 0.5)).mean() > 0.95


def test_noise_is_not_learnt():
    features, _ = linear(600)
    target = np.random.default_rng(9).integers(0, 2, 600).astype(float)
    margins = held_out_margins(csr_array(features), target, np.arange(600))
    assert ((margins > 0) == (target > 0.5)).mean() == pytest.approx(0.5, abs=0.07)


def test_ties_are_predicted_but_not_learnt_from():
    features, target = linear(300)
    ties = target.copy()
    ties[:100] = 0.5
    margins = held_out_margins(csr_array(features), ties, np.arange(300))
    assert np.corrcoef(margins[:100], features[:100, 0])[0, 1] > 0.7


@pytest.mark.parametrize(("pairs", "clusters"), [(19, np.arange(19)), (200, np.zeros(200))])
def test_too_little_to_learn_from(pairs, clusters):
    features, target = linear(pairs)
    assert held_out_margins(csr_array(features), target, clusters) is None
