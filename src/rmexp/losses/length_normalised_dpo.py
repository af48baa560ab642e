"""DPO whose implicit reward is a mean over the response's tokens, so that length alone earns and costs nothing."""

from torch import Tensor

from rmexp.losses.dpo import DPOLoss, dpo_loss


def length_normalised_dpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    *,
    response_tokens: Tensor,
    beta: float,
    target: Tensor | None = None,
) -> DPOLoss:
    """DPO loss of log-ratios that are averaged over the tokens of each response.

    Args:
        policy_chosen_logps: (B,) log-probabilities of the first responses, summed over their tokens.
        policy_rejected_logps: (B,) the same of the second responses.
        reference_chosen_logps: (B,) the first responses under the reference.
        reference_rejected_logps: (B,) the second responses under the reference.
        response_tokens: (2B,) tokens in each sum, of all first, then of all second responses.
        beta: strength of the pull towards the reference, > 0; larger than for sums, as means are smaller.
        target: (B,) probability in [0, 1] that the first is the better one; 1 for all when omitted.

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
