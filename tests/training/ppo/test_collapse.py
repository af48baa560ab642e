import pytest

from rmexp.training.ppo.collapse import PolicyCollapsed, refuse_collapse, refuse_nonfinite


def test_a_sound_policy_goes_on_up_to_the_limit_itself():
    assert refuse_collapse({"kl": 10.0, "empty": 0.5}, 10.0, 0.5, 1) is None


@pytest.mark.parametrize("divergence", [10.1, float("nan"), float("inf")])
def test_too_far_away(divergence):
    with pytest.raises(PolicyCollapsed, match=rf"{divergence:g} nats .* in iteration 3, beyond kl.limit=10 \(lower"):
        refuse_collapse({"kl": divergence, "empty": 0.0}, 10.0, 0.5, 3)


def test_silence():
    with pytest.raises(PolicyCollapsed, match=r"fell silent: 51% of its .* iteration 3 are empty, more than rollouts"):
        refuse_collapse({"kl": 1.0, "empty": 0.51}, 10.0, 0.5, 3)


@pytest.mark.parametrize(("loss", "gradient"), [(float("nan"), 1.0), (1.0, float("inf"))])
def test_a_step_that_is_not_finite(loss, gradient):
    assert refuse_nonfinite(1.0, 1e30, 4) is None
    with pytest.raises(PolicyCollapsed, match=r"the loss or its gradient is not finite in iteration 4 \(set a lower"):
        refuse_nonfinite(loss, gradient, 4)
