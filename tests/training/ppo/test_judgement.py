import pytest
import torch

from rmexp.encoding.tokens import ResponseTokens
from rmexp.training.ppo.collapse import PolicyCollapsed
from rmexp.training.ppo.experience import TokenFigures
from rmexp.training.ppo.judgement import judgement
from rmexp.training.ppo.sampler import Samples

FIGURES = TokenFigures(torch.ones(3, 1, dtype=torch.bool), *(torch.zeros(3, 1) for _ in range(3)))


def samples(rewards, gold=None):
    count = len(rewards)
    return Samples(
        ["p"] * count, [ResponseTokens((1, 2), 1, False)] * count, ["t"] * count, [True] * count, rewards, gold
    )


def test_mean_and_deviation_of_the_rewards_that_there_are():
    found = judgement(samples([1.0, None, 4.0], [0.0, None, 2.0]), FIGURES)
    assert (found.mean, found.samples) == (2.5, 3)
    assert found.sd == pytest.approx(4.5**0.5)
    assert found.gold_sd == pytest.approx(2**0.5)
    assert found.figures["empty"] == pytest.approx(1 / 3)
    assert judgement(samples([1.0, 2.0, 3.0]), FIGURES).gold_sd is None


def test_silence_is_no_policy():
    with pytest.raises(PolicyCollapsed, match="2 of 3 responses are empty"):
        judgement(samples([1.0, None, None]), FIGURES)
