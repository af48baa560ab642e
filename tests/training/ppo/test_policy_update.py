import numpy as np
import pytest
import torch

from rmexp.encoding.tokens import ResponseTokens
from rmexp.losses.clipped_surrogate import clipped_surrogate_loss, clipped_value_loss
from rmexp.losses.kl_estimators import k3
from rmexp.training.ppo.experience import Experience, TokenFigures
from rmexp.training.ppo.kl_control import KLControl
from rmexp.training.ppo.policy_update import PolicyUpdate, UpdateStep, minibatch_loss, update_figures, update_step

SETTINGS = {"epochs": 2, "minibatches": 3, "clip": 0.2, "value_clip": 0.2, "value_coefficient": 0.5, "whiten": True}
UPDATE = PolicyUpdate(**SETTINGS, stop_kl=0.1)
IN_REWARD = KLControl(0.1, None, 1.0, "reward", "k1", 100)
IN_LOSS = KLControl(0.1, None, 1.0, "loss", "k3", 100)


@pytest.fixture
def learnt():
    logps, reference, values, advantages, returns = torch.randn(5, 6, 4, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(4) < torch.tensor([4, 1, 2, 3, 4, 1])[:, None]
    responses = [ResponseTokens((1, *range(5, 5 + count)), 1, False) for count in mask.sum(1).tolist()]
    fields = [field * mask for field in (logps, reference, values, advantages, returns)]
    return Experience(responses, TokenFigures(mask, *fields[:3]), *fields[3:])


@pytest.fixture
def moved(learnt):
    """Log-probabilities and values some updates later."""
    steps = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(1)) / 5
    mask = learnt.figures.mask
    return (learnt.figures.logps + steps[0]) * mask, (learnt.figures.values + steps[1]) * mask


def test_every_response_is_in_one_minibatch_of_each_epoch():
    parts = UPDATE.parts(8, seed=0, iteration=4)
    assert [len(part) for part in parts] == [3, 3, 2] * 2
    assert all(sorted(np.concatenate(parts[start : start + 3])) == list(range(8)) for start in (0, 3))
    again, other = UPDATE.parts(8, seed=0, iteration=4), UPDATE.parts(8, seed=0, iteration=5)
    assert all(np.array_equal(*pair) for pair in zip(parts, again, strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(parts, other, strict=True))


def test_fewer_responses_than_minibatches():
    assert [len(part) for part in UPDATE.parts(2, seed=0, iteration=0)] == [1] * 4


@pytest.mark.parametrize("control", [IN_REWARD, IN_LOSS], ids=lambda control: control.place)
def test_a_loss_token_by_token(learnt, moved, control):
    logps, values = moved
    total, count, old = 0.0, 0, learnt.figures
    for row, column in old.mask.nonzero().tolist():
        at = (row, column)
        total += clipped_surrogate_loss(logps[at], old.logps[at], learnt.advantages[at], clip=0.2).losses
        total += 0.5 * clipped_value_loss(values[at], old.values[at], learnt.returns[at], clip=0.2)
        total += 0.3 * k3(logps[at], old.reference_logps[at]) if control.place == "loss" else 0.0
        count += 1
    found = minibatch_loss(logps, values, learnt, count, UPDATE, control, 0.3)
    assert float(found.loss) == pytest.approx(float(total) / count, rel=1e-5)


def test_a_token_weighs_the_same_in_whatever_minibatch(learnt, moved):
    logps, values = moved
    mean_tokens = float(learnt.figures.mask.sum()) / 6

    def loss(rows):
        part = torch.tensor(rows)
        return len(rows) * float(
            minibatch_loss(
                logps[part], values[part], learnt.some(part), len(rows) * mean_tokens, UPDATE, IN_LOSS, 0.3
            ).loss
        )

    whole, by_length, mixed = loss(list(range(6))), [[1, 5], [2, 3], [0, 4]], [[0, 1, 2], [3, 4, 5]]
    assert sum(map(loss, by_length)) == pytest.approx(whole, rel=1e-5)
    assert sum(map(loss, mixed)) == pytest.approx(whole, rel=1e-5)


def test_parts_of_a_minibatch_add_up(learnt, moved):
    """What several processes find of it, gradients and figures."""
    logps, values = (figure.clone().requires_grad_() for figure in moved)

    def found(rows):
        part = torch.tensor(rows)
        return minibatch_loss(logps[part], values[part], learnt.some(part), 11.0, UPDATE, IN_LOSS, 0.3)

    whole, parts = found(range(6)), [found(rows) for rows in ([0, 3], [1, 2, 4], [5])]
    torch.testing.assert_close(sum(part.loss for part in parts), whole.loss)
    torch.testing.assert_close(sum(part.sums for part in parts), whole.sums)
    told, mask = update_step(whole.sums, uses_values=True), learnt.figures.mask
    assert told.divergence == pytest.approx(float(k3(learnt.figures.logps, logps.detach())[mask].mean()), rel=1e-5)
    assert told.loss == pytest.approx(float(whole.loss.detach()))


def test_before_the_first_step_nothing_has_moved(learnt):
    old = learnt.figures
    found = update_step(minibatch_loss(old.logps, None, learnt, 1.0, UPDATE, IN_REWARD, 0.3).sums, uses_values=False)
    assert (found.divergence, found.clip_fraction, found.value_loss) == (0.0, 0.0, None)
    assert found.policy_loss == pytest.approx(-float(learnt.advantages[old.mask].mean()), rel=1e-5)


def test_figures_of_an_iteration_are_means_and_its_last_divergence():
    steps = [
        UpdateStep(0.0, 1.0, 3.0, 0.1, 0.01),
        UpdateStep(0.0, 2.0, 5.0, 0.3, 0.02),
    ]
    expected = {"policy_loss": 1.5, "clip_fraction": 0.2, "kl": 0.02, "steps": 2.0, "value_loss": 4.0}
    assert update_figures(steps) == pytest.approx(expected)
    assert "value_loss" not in update_figures([step._replace(value_loss=None) for step in steps])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"epochs": 0}, "update.epochs must be at least 1, got 0"),
        ({"clip": 0.0}, "update.clip must be > 0 or inf, got 0.0"),
        ({"value_coefficient": -1.0}, "update.value_coefficient must be at least 0, got -1.0"),
        ({"stop_kl": 0.0}, "update.stop_kl must be > 0 or inf, got 0.0"),
    ],
)
def test_bad_values(keys, message):
    with pytest.raises(ValueError, match=message):
        PolicyUpdate(**SETTINGS | {"stop_kl": 0.1} | keys)
