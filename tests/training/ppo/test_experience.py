"""Two responses of three tokens and one, with numbers that can be followed by hand."""

import math

import pytest
import torch

from rmexp.encoding.tokens import ResponseTokens
from rmexp.losses.advantages import leave_one_out_advantages
from rmexp.training.ppo.estimators import OtherResponses, ValueModel
from rmexp.training.ppo.experience import (
    RewardScale,
    TokenFigures,
    experience,
    explained_variance,
    response_rewards,
    sampled_figures,
    token_rewards,
)
from rmexp.training.ppo.kl_control import KLControl
from rmexp.training.ppo.sampler import Rollouts, Samples

MASK = torch.tensor([[True, True, True], [True, False, False]])
FIGURES = TokenFigures(
    MASK,
    torch.tensor([[-1.0, -2.0, -0.5], [-3.0, 0.0, 0.0]]),
    torch.tensor([[-1.5, -1.0, -0.5], [-1.0, 0.0, 0.0]]),
    torch.zeros(2, 3),
)
ROLLOUTS = Rollouts(1, 2, 8, True, 0.5, -3.0, 0.5, 2, 0, 1)


def samples(rewards=(2.0, None), ended=(True, False), gold=None):
    responses = [ResponseTokens((1, 5, 6, 7), 1, False), ResponseTokens((1, 5), 1, True)]
    return Samples(["p", "p"], responses, ["text", ""], list(ended), list(rewards), gold)


def control(**keys):
    fixed = {"coefficient": 0.1, "target": None, "rate": 1.0, "place": "reward", "estimator": "k1", "limit": 100}
    return KLControl(**fixed | keys)


def test_rewards_are_told_in_deviations_less_what_a_missing_end_costs():
    rewards = response_rewards(samples(), ROLLOUTS, RewardScale(1.0, 2.0), torch.device("cpu"))
    assert rewards.tolist() == [0.5, -3.5]  # (2 - 1) / 2; empty and cut


def test_the_divergence_costs_at_each_token_and_the_reward_comes_at_the_last():
    found = token_rewards(torch.tensor([10.0, 20.0]), FIGURES, control(), 0.1)
    # log-ratios 0.5, -1, 0 and -2, times -0.1
    torch.testing.assert_close(found, torch.tensor([[-0.05, 0.1, 10.0], [20.2, 0.0, 0.0]]))


def test_as_a_part_of_the_loss_it_costs_no_reward():
    found = token_rewards(torch.tensor([10.0, 20.0]), FIGURES, control(place="loss", estimator="k3"), 0.1)
    assert found.tolist() == [[0.0, 0.0, 10.0], [20.0, 0.0, 0.0]]


def test_sampled_figures():
    found = sampled_figures(samples(rewards=(2.0, 4.0), gold=[1.0, 2.0]), FIGURES)
    ratios = torch.tensor([0.5, -1.0, 0.0, -2.0])
    expected = {
        "reward": 3.0,
        "gold": 1.5,
        "kl": (-0.5 - 2.0) / 2,
        "kl_k3": float(((-ratios).exp() - 1 + ratios).sum()) / 2,
        "entropy": 6.5 / 4,
        "tokens": 2.0,
        "ended": 0.5,
        "empty": 0.0,
    }
    assert found == pytest.approx(expected)


def test_responses_without_text_are_counted_and_have_no_reward():
    found = sampled_figures(samples(gold=[1.0, None]), FIGURES)
    assert (found["reward"], found["gold"], found["empty"]) == (2.0, 1.0, 0.5)
    assert "reward" not in sampled_figures(samples(rewards=(None, None)), FIGURES)


def test_advantages_are_whitened_over_tokens_when_asked():
    by_token = token_rewards(torch.tensor([1.0, 2.0]), FIGURES, control(), 0.0)
    plain = experience(samples(), FIGURES, by_token, OtherResponses(2, leave_one_out_advantages), whiten=False)
    assert plain.advantages.tolist() == [[-1.0, -1.0, -1.0], [1.0, 0.0, 0.0]]
    white = experience(samples(), FIGURES, by_token, ValueModel(1, 1.0, 1.0), whiten=True)
    assert white.advantages[MASK].mean().item() == pytest.approx(0, abs=1e-6)
    assert white.returns.tolist() == [[1.0, 1.0, 1.0], [2.0, 0.0, 0.0]]


def test_some_of_the_responses():
    by_token = token_rewards(torch.tensor([1.0, 2.0]), FIGURES, control(), 0.0)
    whole = experience(samples(), FIGURES, by_token, ValueModel(1, 1.0, 1.0), whiten=False)
    part = whole.some(torch.tensor([1]))
    assert part.responses == [whole.responses[1]]
    assert part.figures.logps.tolist() == [[-3.0, 0.0, 0.0]]
    assert part.returns.tolist() == [[2.0, 0.0, 0.0]]


def test_explained_variance():
    returns = torch.tensor([[1.0, 2.0, 3.0], [5.0, 0.0, 0.0]])
    assert explained_variance(returns, returns, MASK) == 1.0
    assert explained_variance(torch.zeros(2, 3), returns, MASK) == pytest.approx(0.0)
    assert explained_variance(-returns, returns, MASK) == pytest.approx(-3.0)
    assert math.isnan(explained_variance(returns, torch.ones(2, 3), MASK))
    mask = torch.ones(1, 1000, dtype=torch.bool)
    same = torch.full((1, 1000), 0.1)
    assert math.isnan(explained_variance(torch.zeros(1, 1000), same, mask)), "which rounding is not"
