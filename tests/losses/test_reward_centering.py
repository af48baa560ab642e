import torch

from rmexp.losses.reward_centering import centering_penalty


def test_the_same_for_either_order_and_blind_to_the_difference():
    chosen, rejected = torch.randn(2, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    penalty = centering_penalty(chosen, rejected)
    torch.testing.assert_close(penalty, centering_penalty(rejected, chosen))
    torch.testing.assert_close(penalty, centering_penalty(chosen + 3, rejected - 3))


def test_it_pulls_the_level_of_rewards_to_zero_and_leaves_their_difference():
    rewards = torch.tensor([5.0, 3.0], dtype=torch.float64, requires_grad=True)
    descent = torch.optim.SGD([rewards], lr=0.1)
    for _ in range(200):
        descent.zero_grad()
        centering_penalty(rewards[:1], rewards[1:]).sum().backward()
        descent.step()
    torch.testing.assert_close(rewards.detach(), torch.tensor([1.0, -1.0], dtype=torch.float64))
