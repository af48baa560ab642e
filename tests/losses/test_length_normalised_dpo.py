import math

import pytest
import torch

from rmexp.losses.dpo import dpo_loss
from rmexp.losses.length_normalised_dpo import length_normalised_dpo_loss


def test_a_number_derived_by_hand():
    # mean log-ratios 6/3 = 2 and 4/8 = 1/2; beta ln 3 / 1.5 makes their lead ln 3
    logps = torch.tensor([[-1.0], [-5.0], [-7.0], [-9.0]])
    beta = math.log(3.0) / 1.5
    loss = length_normalised_dpo_loss(*logps, response_tokens=torch.tensor([3, 8]), beta=beta)
    assert loss.losses.item() == pytest.approx(math.log(4 / 3))
    assert loss.chosen_rewards.item() == pytest.approx(2 * beta)
    assert loss.rejected_rewards.item() == pytest.approx(beta / 2)


def test_one_token_each_is_dpo_and_equal_lengths_are_a_smaller_beta():
    logps = list(-30 * torch.rand(4, 100, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    for tokens in (1, 7):
        ours = length_normalised_dpo_loss(*logps, response_tokens=torch.full((200,), tokens), beta=2.1)
        plain = dpo_loss(*logps, beta=2.1 / tokens)
        for first, second in zip(ours, plain, strict=True):
            torch.testing.assert_close(first, second)


def test_saying_everything_twice_changes_nothing():
    logps = list(-30 * torch.rand(4, 100, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    tokens = torch.randint(1, 40, (200,), generator=torch.Generator().manual_seed(1))
    once = length_normalised_dpo_loss(*logps, response_tokens=tokens, beta=5.0)
    twice = length_normalised_dpo_loss(*(2 * rows for rows in logps), response_tokens=2 * tokens, beta=5.0)
    torch.testing.assert_close(once.losses, twice.losses)


def test_a_response_without_a_predicted_token_does_not_divide_by_zero():
    loss = length_normalised_dpo_loss(*torch.zeros(4, 1), response_tokens=torch.tensor([0, 3]), beta=1.0)
    assert loss.losses.item() == pytest.approx(math.log(2))
