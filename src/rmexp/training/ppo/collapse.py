"""When a policy in training is lost, and there is no use in going on."""

import math
from collections.abc import Mapping


class PolicyCollapsed(ValueError):
    """The policy is too far from its reference, silent, or without finite weights."""


def refuse_collapse(watched: Mapping[str, float], kl_limit: float, empty_limit: float, iteration: int) -> None:
    """Stop at a policy that is lost.

    Args:
        watched: `kl` in nats a response, and the share `empty` of responses without text.
        kl_limit: of the first; what is not finite is beyond it.
        empty_limit: of the second.
        iteration: for the message.

    Raises:
        PolicyCollapsed: it is.
    """
    if not watched["kl"] <= kl_limit:
        raise PolicyCollapsed(
            f"the policy is {watched['kl']:.4g} nats a response from its reference in iteration {iteration}, "
            f"beyond kl.limit={kl_limit:g} (lower optimizer.lr or raise kl.coefficient)"
        )
    if watched["empty"] > empty_limit:
        raise PolicyCollapsed(
            f"the policy fell silent: {watched['empty']:.0%} of its responses in iteration {iteration} are empty, "
            f"more than rollouts.empty_limit={empty_limit:g} (lower optimizer.lr or "
            "rollouts.empty_reward, or raise kl.coefficient)"
        )


def refuse_nonfinite(loss: float, gradient: float, iteration: int) -> None:
    """Stop before a step that would spoil all weights.

    Args:
        loss: of a minibatch.
        gradient: its norm.
        iteration: for the message.

    Raises:
        PolicyCollapsed: one of them is not finite.
    """
    if not (math.isfinite(loss) and math.isfinite(gradient)):
        raise PolicyCollapsed(
            f"the loss or its gradient is not finite in iteration {iteration} (set a lower optimizer.lr or "
            "trainer.gradient_clip_val, or trainer.precision=32-true)"
        )
