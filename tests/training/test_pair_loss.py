"""Losses by name: each gets what it names, and says before the first step what it lacks."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch

from rmexp.config.build import build
from rmexp.config.compose import compose
from rmexp.encoding.batches import PairIndex
from rmexp.encoding.pack import pair_batch
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.losses.adjusted import adjusted_loss
from rmexp.losses.dpo import DPOLoss
from rmexp.training.dpo import implied_reward
from rmexp.training.pair_loss import PairLoss

EXPLICIT = ["bradley_terry", "bradley_terry_margin", "bradley_terry_smoothed", "bradley_terry_centred", "rao_kupper",
            "davidson", "hinge", "log_exp", "plackett_luce"]  # fmt: skip
IMPLICIT = ["dpo", "conservative_dpo", "robust_dpo", "ipo", "length_normalised_dpo"]


def configured(task, name, *overrides):
    return build(compose("train", [f"task={task}", f"loss={name}", *overrides]).loss)


def pairs(groups=(None, None), margins=(2.0, 0.0)):
    texts = [ResponseTokens((5, token, 2), 1, False) for token in (6, 7, 8)]
    made = PairTokens(texts[0], texts[1], 1.0), PairTokens(texts[0], texts[2], 0.5)
    return [replace(p, group=g, margin=m) for p, g, m in zip(made, groups, margins, strict=True)]


@pytest.mark.parametrize("name", EXPLICIT)
def test_every_explicit_loss_has_a_gradient_towards_the_label(name):
    pairing = pair_batch(pairs()).pairing
    rewards = torch.tensor([0.1, 0.2, -0.3], requires_grad=True)
    losses = PairLoss(configured("reward", name), "reward")(*pairing.sides(rewards), pairing=pairing)
    losses.mean().backward()
    assert torch.isfinite(losses).all()
    assert rewards.grad[0] < 0 < rewards.grad[1]


@pytest.mark.parametrize("name", IMPLICIT)
def test_every_implicit_loss_tells_beta_and_reduction(name):
    loss = configured("dpo", name, "loss.beta=0.25")
    reduction = "response_mean" if name == "length_normalised_dpo" else "response_sum"
    assert implied_reward(loss) == (pytest.approx(0.25), reduction)


def test_log_exp_is_what_its_name_says():
    chosen, rejected = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(configured("reward", "log_exp")(chosen, rejected), (rejected - chosen).exp().log1p())


def test_another_loss_is_adjusted_by_name():
    loss = configured("reward", "bradley_terry_centred", "loss@loss.loss=hinge", "loss.centering=0.5")
    # a lead of 2 costs no hinge, and half of the squared sum is 2
    assert loss(torch.tensor([2.0]), torch.zeros(1)).item() == 2.0


def test_a_loss_of_another_task_is_refused():
    said = r"task=reward needs a loss of chosen_rewards, rejected_rewards, got ipo_loss\(\) of policy_chosen_logps,"
    with pytest.raises(ValueError, match=said):
        PairLoss(configured("dpo", "ipo"), "reward")
    with pytest.raises(ValueError, match=r"task=dpo needs a loss of policy_chosen_logps, .* \(set loss\)"):
        implied_reward(configured("reward", "hinge"))


def own(chosen_rewards, rejected_rewards, *, gives):
    return gives(chosen_rewards - rejected_rewards)


@pytest.mark.parametrize(
    ("gives", "came"),
    [
        (lambda lead: None, "one value per pair, shape (2,), got nothing"),
        (lambda lead: 3.0, "one value per pair, shape (2,), got float"),
        (lambda lead: lead.mean(), "one value per pair, shape (2,), got a single value"),
        (lambda lead: lead.exp().detach(), "values that the scores have a gradient of, got values without"),
    ],
)
def test_a_loss_that_cannot_be_learnt_from_is_named(gives, came):
    with pytest.raises(ValueError, match="must give") as refused:
        PairLoss(partial(own, gives=gives), "reward").try_out()
    assert str(refused.value).startswith(f"own() must give {came}")


def test_a_loss_gets_the_fields_that_it_names():
    got = []

    def loss(chosen_rewards, rejected_rewards, *, rows, margin):
        got[:] = rows, margin
        return margin

    one = torch.ones(1)
    pairing = PairIndex(torch.arange(2), one, 3 * one, torch.arange(2), None)
    PairLoss(loss, "reward")(one, one, pairing=pairing)
    assert got[0] is pairing.rows
    assert got[1] is pairing.margin


def test_torn_lists_are_told_before_training(encoded_pairs):
    loss = PairLoss(configured("reward", "plackett_luce"), "reward")
    loss.check([encoded_pairs(pairs(groups=(0, 0)))] * 2, 2)  # each split counts its prompts from 0
    with pytest.raises(ValueError, match=r"\(set data.batch_by=prompt\)"):
        loss.check([encoded_pairs(pairs())], 16)
    with pytest.raises(ValueError, match=r"one has 2 pairs and data.batch_pairs is 1 \(set data.batch_pairs=2\)"):
        loss.check([encoded_pairs(pairs(groups=(0, 0)))], 1)


@pytest.mark.parametrize(
    ("task", "name", "expected"),
    [
        ("reward", "bradley_terry", math.log(2)),
        ("reward", "hinge", 1.0),
        ("dpo", "dpo", math.log(2)),
        ("dpo", "ipo", 25.0),  # 1 / (2 beta), squared
    ],
)
def test_the_loss_of_a_model_that_knows_nothing(task, name, expected):
    pairing = PairIndex(torch.arange(6), torch.tensor([1.0, 1.0, 1.0]), None, torch.ones(6, dtype=torch.long), None)
    overrides = ["loss.beta=0.1"] if name == "ipo" else []
    assert PairLoss(configured(task, name, *overrides), task).of_equal(pairing) == pytest.approx(expected)


def mean_of_pairs(chosen_rewards, rejected_rewards, *, target=None):
    return configured("reward", "bradley_terry")(chosen_rewards, rejected_rewards, target=target).mean()


def mean_of_policies(*, losses, rewards):
    def loss(policy_chosen_logps, policy_rejected_logps, reference_chosen_logps, reference_rejected_logps):
        return DPOLoss(losses(policy_chosen_logps), rewards(policy_chosen_logps), policy_rejected_logps)

    return loss


@pytest.mark.parametrize("adjusted", [False, True])
def test_a_loss_that_gives_a_mean_is_refused_before_the_first_step(adjusted):
    loss = mean_of_pairs
    if adjusted:
        loss = partial(adjusted_loss, loss=mean_of_pairs, margin_scale=0.0, label_smoothing=0.0, centering=0.1)
    with pytest.raises(ValueError, match=r"one value per pair, shape \(2,\), got a single value"):
        PairLoss(loss, "reward").check([], 2)


def test_each_value_of_a_policy_is_one_per_pair():
    def keep(logps):
        return logps

    PairLoss(mean_of_policies(losses=keep, rewards=keep), "dpo").check([], 2)
    for wrong, name in (
        ({"losses": torch.mean, "rewards": keep}, "losses"),
        ({"losses": keep, "rewards": torch.mean}, "chosen_rewards"),
    ):
        with pytest.raises(ValueError, match=f"as `{name}`, got a single value"):
            PairLoss(mean_of_policies(**wrong), "dpo").check([], 2)
