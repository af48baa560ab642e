import pytest

from rmexp.training.ppo.kl_control import KLControl

FIXED = {"coefficient": 0.1, "target": None, "rate": 0.5, "place": "reward", "estimator": "k1", "limit": 100}


def test_without_a_target_the_coefficient_stays():
    assert KLControl(**FIXED).adapted(0.1, 1000.0) == 0.1


def test_the_coefficient_follows_the_divergence_to_its_target():
    # A policy whose divergence is 1 / coefficient comes to rest where that is the target.
    control = KLControl(**FIXED | {"target": 4.0})
    coefficient = 0.1
    for _ in range(200):
        coefficient = control.adapted(coefficient, 1 / coefficient)
    assert coefficient == pytest.approx(0.25, rel=1e-3)


def test_one_iteration_changes_it_by_the_rate_at_most():
    control = KLControl(**FIXED | {"target": 4.0})
    assert control.adapted(1.0, 1e9) == pytest.approx(1 + 0.5 * 0.2)
    assert control.adapted(1.0, -1e9) == pytest.approx(1 - 0.5 * 0.2)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"coefficient": -0.1}, "kl.coefficient must be at least 0, got -0.1"),
        ({"target": 0.0}, "kl.target must be > 0 or inf, got 0.0"),
        ({"limit": -1}, "kl.limit must be > 0 or inf, got -1"),
        ({"place": "both"}, "kl.place must be one of reward, loss, got both"),
        ({"estimator": "k4"}, "kl.estimator must be one of k1, k2, k3, got k4"),
        ({"place": "loss"}, "kl.place=loss needs kl.estimator=k2 or k3"),
    ],
)
def test_bad_values(keys, message):
    with pytest.raises(ValueError, match=message):
        KLControl(**FIXED | keys)
