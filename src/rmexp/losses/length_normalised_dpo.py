"""DPO whose implicit reward is a mean over the response's tokens, so that length alone earns and costs nothing."""

from typing import Annotated

from torch import Tensor

from rmexp.losses.dpo import DPOLoss, dpo_loss


def length_normalised_dpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    *,
    response_tokens: Tensor,
    beta: Annotated[float, "> 0"],
    target: Tensor | None = None,
) -> DPOLoss:
    """DPO loss of log-ratios that are averaged over the tokens of each response.

    Log-probabilities and `target` are those of `dpo_loss`. `response_tokens`, (2B,), counts the tokens in each of their
    sums, of all first, then of all second responses. `beta` > 0 is larger than for sums, as means are smaller.

    Returns:
        Losses in nats, ln 2 where policy and reference agree, and the implicit rewards, beta times the mean log-ratio.

    Raises:
        ValueError: `beta` is not positive.

    Source: Lambert et al. 2024, "Tulu 3: pushing frontiers in open language model post-training", who take beta = 5.

    >>> import torch
    >>> logps = torch.tensor([[-2.0], [-9.0], [-7.0], [-4.0]])
    >>> length_normalised_dpo_loss(*logps, response_tokens=torch.tensor([5, 10]), beta=1.0).chosen_rewards
    tensor([1.])
    """
    chosen_tokens, rejected_tokens = response_tokens.clamp(min=1).chunk(2)
    return dpo_loss(
        policy_chosen_logps / chosen_tokens,
        policy_rejected_logps / rejected_tokens,
        reference_chosen_logps / chosen_tokens,
        reference_rejected_logps / rejected_tokens,
        beta=beta,
        target=target,
    )
