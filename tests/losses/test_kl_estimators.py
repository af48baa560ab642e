"""A policy and a reference over five tokens: every expectation is a sum."""

import pytest
import torch

from rmexp.losses.kl_estimators import k1, k2, k3


def distributions(distance):
    logits = torch.randn(2, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    logits[1] = logits[0] + distance * logits[1]
    return logits.log_softmax(1)


def divergence(policy, reference):
    return (policy.exp() * (policy - reference)).sum()


@pytest.mark.parametrize("estimator", [k1, k3])
def test_k1_and_k3_have_no_bias(estimator):
    policy, reference = distributions(1.0)
    expected = (policy.exp() * estimator(policy, reference)).sum()
    torch.testing.assert_close(expected, divergence(policy, reference))


def test_the_bias_of_k2_vanishes_near_the_reference():
    biases = []
    for distance in (0.3, 0.1, 0.03):
        policy, reference = distributions(distance)
        truth = divergence(policy, reference)
        biases.append(float(abs((policy.exp() * k2(policy, reference)).sum() / truth - 1)))
    assert biases[0] > 2 * biases[1] > 4 * biases[2]


def test_k2_and_k3_are_never_negative_and_k3_varies_least():
    policy, reference = distributions(0.5)
    values = {estimator: estimator(policy, reference) for estimator in (k1, k2, k3)}
    assert values[k1].min() < 0 <= min(values[k2].min(), values[k3].min())
    weights = policy.exp()
    variances = {name: (weights * (v - (weights * v).sum()) ** 2).sum() for name, v in values.items()}
    assert variances[k3] < variances[k1]


@pytest.mark.parametrize(
    ("estimator", "objective"),
    [
        (k1, lambda policy, reference: policy.sum() * 0),
        (k2, divergence),
        (k3, lambda policy, reference: divergence(reference, policy)),
    ],
)
def test_gradients_as_a_loss(estimator, objective):
    logits, reference = distributions(1.0)
    logits = logits.clone().requires_grad_()
    policy = logits.log_softmax(0)
    (found,) = torch.autograd.grad((policy.exp().detach() * estimator(policy, reference)).sum(), logits)
    policy = logits.log_softmax(0)
    (expected,) = torch.autograd.grad(objective(policy, reference), logits)
    torch.testing.assert_close(found, expected)
