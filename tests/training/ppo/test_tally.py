import pytest

from rmexp.training.ppo.tally import LOSS, TOKENS, Tally

FIRST = {TOKENS: 3.0, LOSS: 0.5, "seconds/generation": 1.0, "seconds/scoring": 2.0, "seconds/update": 1.0}
SECOND = {TOKENS: 5.0, LOSS: 0.25, "seconds/generation": 3.0, "seconds/scoring": 0.0, "seconds/update": 1.0}


def test_two_iterations_by_hand():
    tally = Tally()
    for figures in (FIRST, SECOND):
        tally.add(figures | {"lr": 0.1})
    assert tally.rates(responses=16) == (2 * 16 / 8, 8 * 16 / 8)
    assert tally.iteration_seconds() == {"generation": 2.0, "scoring": 1.0, "update": 1.0}
    assert tally.policy_loss == 0.25


def test_it_goes_on_after_a_checkpoint():
    whole, before, after = Tally(), Tally(), Tally()
    for tally, figures in ((whole, FIRST), (whole, SECOND), (before, FIRST)):
        tally.add(figures)
    after.load_state_dict(before.state_dict())
    after.add(SECOND)
    assert after.state_dict() == whole.state_dict()
    assert before.iterations == 1


def test_a_run_whose_iterations_nobody_counted_has_no_figures():
    assert Tally().rates(responses=16) == pytest.approx((0, 0))
    assert Tally().iteration_seconds() == {}
