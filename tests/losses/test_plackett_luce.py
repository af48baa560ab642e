import itertools
import math

import pytest
import torch

from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.losses.plackett_luce import plackett_luce_loss


def told_by_pairs(rewards, ranking):
    """The arguments of the loss for one list: all pairs of a ranking, the better one first."""
    pairs = list(itertools.combinations(ranking, 2))
    rows = torch.tensor([better for better, _ in pairs] + [worse for _, worse in pairs])
    return (*rewards[rows].chunk(2), rows)


def loss(rewards, ranking):
    chosen, rejected, rows = told_by_pairs(rewards, ranking)
    return plackett_luce_loss(chosen, rejected, rows=rows)


def test_a_number_derived_by_hand():
    # worths 4, 2, 1: the first out of all 4/7, the second out of the rest 2/3
    rewards = torch.tensor([4.0, 2.0, 1.0]).log()
    torch.testing.assert_close(loss(rewards, [0, 1, 2]), torch.tensor([7 / 4, 3 / 2]).log())


def test_probabilities_of_all_rankings_sum_to_one_and_are_those_of_the_paper():
    rewards = torch.randn(4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    total = 0.0
    for ranking in itertools.permutations(range(4)):
        worths = [math.exp(rewards[index]) for index in ranking]
        expected = math.prod(worths[k] / sum(worths[k:]) for k in range(4))
        found = math.exp(-loss(rewards, ranking).sum().item())
        assert found == pytest.approx(expected)
        total += found
    assert total == pytest.approx(1)


def test_two_responses_are_bradley_terry():
    chosen, rejected = torch.randn(2, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = torch.arange(100)
    torch.testing.assert_close(plackett_luce_loss(chosen, rejected, rows=rows), bradley_terry_loss(chosen, rejected))
    turned = torch.zeros_like(chosen)
    ours = plackett_luce_loss(chosen, rejected, rows=rows, target=turned).sum()
    torch.testing.assert_close(ours, bradley_terry_loss(rejected, chosen).sum())


def test_gradient_counts_each_response_once_however_many_pairs_it_is_of():
    rewards = torch.randn(4, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: loss(values, [2, 0, 3, 1]), (rewards,))
    loss(rewards, [2, 0, 3, 1]).sum().backward()
    plain = rewards.detach().clone().requires_grad_()
    sum(plain[[2, 0, 3, 1]][k:].logsumexp(0) - plain[[2, 0, 3, 1][k]] for k in range(3)).backward()
    torch.testing.assert_close(rewards.grad, plain.grad)


def test_lists_in_one_batch_do_not_touch_and_neither_order_nor_repetition_counts():
    rewards = torch.randn(7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    first, second = told_by_pairs(rewards, [1, 0, 2]), told_by_pairs(rewards, [6, 3, 5, 4])
    both = [torch.cat([torch.cat([a, b]) for a, b in zip(first[:2], second[:2], strict=True)]).chunk(2)]
    rows = torch.cat([torch.cat([a, b]) for a, b in zip(first[2].chunk(2), second[2].chunk(2), strict=True)])
    chosen, rejected = both[0]
    together = plackett_luce_loss(chosen, rejected, rows=rows)
    apart = torch.cat([loss(rewards, [1, 0, 2]), loss(rewards, [6, 3, 5, 4])])
    torch.testing.assert_close(together.sort().values, apart.sort().values)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(1)).repeat(2)  # every pair twice
    again = plackett_luce_loss(chosen[order], rejected[order], rows=torch.cat([h[order] for h in rows.chunk(2)]))
    torch.testing.assert_close(again, together)


def test_equal_ranks_are_each_set_against_the_other():
    # a tie of 0 and 1, both above 2: each of the two is chosen out of all three
    chosen, rejected, rows = told_by_pairs(torch.zeros(3), [0, 1, 2])
    target = torch.tensor([0.5, 1.0, 1.0])
    ours = plackett_luce_loss(chosen, rejected, rows=rows, target=target)
    torch.testing.assert_close(ours, torch.tensor([3.0, 3.0]).log())


def test_probabilities_are_no_ranks():
    with pytest.raises(ValueError, match=r"must be 0, 0.5 or 1, got 0.75 \(set loss\)"):
        plackett_luce_loss(torch.ones(1), torch.ones(1), rows=torch.arange(2), target=torch.tensor([0.75]))
