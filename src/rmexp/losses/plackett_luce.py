"""The listwise loss of an explicit reward model: rankings of several responses to one prompt."""

import torch
from torch import Tensor


def plackett_luce_loss(
    chosen_rewards: Tensor, rejected_rewards: Tensor, *, rows: Tensor, target: Tensor | None = None
) -> Tensor:
    """Negative log-likelihood of rankings, each told by all pairs of its responses.

    A ranking is a sequence of choices: the best one out of all, the next out of those that are left, and so on. Every
    response is therefore set against all those that it was preferred to at once. With two responses to a prompt
    this is the Bradley-Terry loss; where only some pairs of a list are known, each choice is out of what is known.

    Args:
        chosen_rewards: (B,) rewards of the responses listed first in each pair.
        rejected_rewards: (B,) rewards of the responses listed second.
        rows: (2B,) which response each of them is, chosen ones first: equal numbers are one response. All pairs of a
            list must be in the batch.
        target: (B,) 1 where the first is the better one, 0 where the second is, 0.5 for equal ranks; 1 for all when
            omitted. Of equal ranks each is set against the other (Breslow 1974).

    Returns:
        (W,) nats, one for each response that is preferred to another one. The caller reduces.

    Raises:
        ValueError: a target is a probability, which ranks do not have.

    Source: Plackett 1975, "The analysis of permutations"; Luce 1959; for reward models Rafailov et al. 2023, appendix
        A.3.

    >>> best_of_three = torch.zeros(3), torch.zeros(3)  # of the pairs (0, 1), (0, 2) and (1, 2)
    >>> plackett_luce_loss(*best_of_three, rows=torch.tensor([0, 0, 1, 1, 2, 2])).exp()
    tensor([3., 2.])
    """
    target = torch.ones_like(chosen_rewards) if target is None else target
    if not ((target == 0) | (target == 0.5) | (target == 1)).all():
        wrong = float(target[(target != 0) & (target != 0.5) & (target != 1)][0])
        raise ValueError(f"loss=plackett_luce is for ranks: `target` must be 0, 0.5 or 1, got {wrong:g} (set loss)")
    first, second = rows.chunk(2)
    better = torch.cat([first[target >= 0.5], second[target <= 0.5]])
    worse = torch.cat([second[target >= 0.5], first[target <= 0.5]])
    better, worse = torch.unique(torch.stack([better, worse]), dim=1)  # a pair may be in the data twice
    # Where each response stands, so that its gradient counts once however many pairs it is of.
    place = rows.new_zeros(int(rows.max()) + 1).scatter(0, rows, torch.arange(len(rows), device=rows.device))
    rewards = torch.cat([chosen_rewards, rejected_rewards])[place]
    winners, choice = torch.unique(better, return_inverse=True)
    return _log_sum_exp(rewards[winners], rewards[worse], choice) - rewards[winners]


def _log_sum_exp(own: Tensor, others: Tensor, group: Tensor) -> Tensor:
    """(W,): log of the sum of exponentials of `own`, (W,), and of those of `others`, (E,), that are of its group."""
    highest = own.detach().scatter_reduce(0, group, others.detach(), "amax")
    total = (own - highest).exp().index_add(0, group, (others - highest[group]).exp())
    return highest + total.log()
