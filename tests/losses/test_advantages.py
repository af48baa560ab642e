import pytest
import torch

from rmexp.losses.advantages import (
    generalised_advantages,
    group_relative_advantages,
    leave_one_out_advantages,
    whitened,
)

LENGTHS = torch.tensor([5, 1, 3])


@pytest.fixture
def figures():
    """Rewards and values of three responses, with rubbish behind their ends."""
    rewards, values = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return rewards, values, torch.arange(5) < LENGTHS[:, None]


def slowly(rewards, values, discount, decay):
    """Equation 16 as it stands, a sum over all later surprises for each token of one response."""
    n = len(rewards)
    after = [*values[1:], 0.0]
    surprises = [rewards[t] + discount * after[t] - values[t] for t in range(n)]
    return [sum((discount * decay) ** (later - t) * surprises[later] for later in range(t, n)) for t in range(n)]


@pytest.mark.parametrize(("discount", "decay"), [(1.0, 0.95), (0.9, 0.5), (1.0, 0.0), (1.0, 1.0)])
def test_a_slow_reference(figures, discount, decay):
    rewards, values, mask = figures
    found = generalised_advantages(rewards, values, mask, discount=discount, decay=decay)
    for row, length in enumerate(LENGTHS.tolist()):
        expected = slowly(rewards[row, :length].tolist(), values[row, :length].tolist(), discount, decay)
        assert found.advantages[row, :length].tolist() == pytest.approx(expected)
        assert found.advantages[row, length:].tolist() == found.returns[row, length:].tolist() == [0.0] * (5 - length)


def test_numbers_derived_by_hand():
    # Surprises: 0 + 0.5 * 0.4 - 0.1 = 0.1 and 1 - 0.4 = 0.6; the first advantage is 0.1 + 0.5 * 0.8 * 0.6 = 0.34
    rewards, values = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.1, 0.4]])
    found = generalised_advantages(rewards, values, torch.ones(1, 2, dtype=torch.bool), discount=0.5, decay=0.8)
    torch.testing.assert_close(found.advantages, torch.tensor([[0.34, 0.6]]))
    torch.testing.assert_close(found.returns, torch.tensor([[0.44, 1.0]]))


def test_without_decay_a_return_is_all_that_came_whatever_the_values_say(figures):
    rewards, values, mask = figures
    found = generalised_advantages(rewards, values, mask, discount=1.0, decay=1.0)
    to_come = (rewards * mask).flip(1).cumsum(1).flip(1) * mask
    torch.testing.assert_close(found.returns, to_come)


def test_leaving_one_out_is_the_centred_reward_enlarged():
    rewards = torch.randn(12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    centred = rewards.view(3, 4) - rewards.view(3, 4).mean(1, keepdim=True)
    torch.testing.assert_close(leave_one_out_advantages(rewards, 4), (centred * 4 / 3).flatten())


def test_leaving_one_out_by_hand():
    found = leave_one_out_advantages(torch.tensor([1.0, 0.0, 5.0, 9.0]), 2)
    assert found.tolist() == [1.0, -1.0, -4.0, 4.0]


def test_groups_are_told_in_their_own_deviations():
    rewards = torch.randn(12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    groups = group_relative_advantages(1000 * rewards + 5, 4).view(3, 4)
    torch.testing.assert_close(groups.mean(1), torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(groups.std(1), torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("reward", [7.0, 0.1, -7.7, 3.3])  # the mean of seven times 0.1 is not 0.1
def test_equal_rewards_have_no_advantage(reward):
    assert group_relative_advantages(torch.full((7,), reward), 7).tolist() == [0.0] * 7
    assert whitened(torch.full((1, 7), reward), torch.ones(1, 7, dtype=torch.bool)).tolist() == [[0.0] * 7]


def test_rewards_that_differ_by_rounding_have_no_advantage():
    next_number = torch.nextafter(torch.tensor(3.3), torch.tensor(4.0)).item()
    assert group_relative_advantages(torch.tensor([3.3, 3.3, 3.3, next_number]), 4).tolist() == [0.0] * 4


@pytest.mark.parametrize("reward", [float("nan"), float("inf")])
def test_a_reward_that_is_not_finite_is_not_taken_for_none(reward):
    assert group_relative_advantages(torch.tensor([reward, 1.0, 1.0, 2.0]), 2).isnan().tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert whitened(torch.tensor([[reward, 1.0]]), torch.ones(1, 2, dtype=torch.bool)).isnan().all()


def test_whitened_figures_ignore_what_is_behind_the_end(figures):
    rewards, _, mask = figures
    found = whitened(rewards, mask)
    assert found[mask].mean().item() == pytest.approx(0, abs=1e-9)
    assert found[mask].std().item() == pytest.approx(1, abs=1e-6)
    assert found[~mask].abs().sum() == 0
    torch.testing.assert_close(found, whitened(torch.where(mask, 3 * rewards + 2, 1e6), mask))
