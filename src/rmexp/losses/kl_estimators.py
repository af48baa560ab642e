"""Estimates of the KL divergence of a policy from its reference, from tokens that the policy sampled.

Of r = reference / policy: k1 = -ln r has no bias and may be negative; k2 = (ln r)^2 / 2 has little bias near r = 1;
k3 = r - 1 - ln r has none, and is never negative. As a loss their gradients differ: that of k1 has mean 0 whatever the
policy, that of k2 is the gradient of the divergence, that of k3 is the gradient of the divergence the other way round.

Source: Schulman 2020, "Approximating KL divergence"; for the gradients Tang and Munos 2025, "On a few pitfalls in KL
divergence gradient estimation for RL".
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from torch import Tensor

Values = TypeVar("Values", float, Tensor)


def k1(logps: Tensor, reference_logps: Tensor) -> Tensor:
    """Log-ratio of policy to reference.

    Args:
        logps: log-probabilities of sampled tokens under the policy that sampled them, in nats.
        reference_logps: the same under the reference.

    >>> import torch
    >>> k1(torch.tensor([-1.0]), torch.tensor([-1.5]))
    tensor([0.5000])
    """
    return logps - reference_logps


def k2(logps: Values, reference_logps: Values) -> Values:
    """Half the squared log-ratio, of numbers too; arguments as for `k1`.

    >>> import torch
    >>> k2(torch.tensor([-1.0]), torch.tensor([-1.5]))
    tensor([0.1250])
    """
    return (logps - reference_logps) ** 2 / 2


def k3(logps: Tensor, reference_logps: Tensor) -> Tensor:
    """The ratio of reference to policy, less 1, less its logarithm; arguments as for `k1`.

    >>> import torch
    >>> k3(torch.tensor([-1.0]), torch.tensor([-1.5]))
    tensor([0.1065])
    """
    log_ratio = reference_logps - logps
    return log_ratio.expm1() - log_ratio


ESTIMATORS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {"k1": k1, "k2": k2, "k3": k3}
