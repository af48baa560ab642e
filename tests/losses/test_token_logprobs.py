import math

import pytest
import torch
from torch import Tensor

from rmexp.losses import token_logprobs as module
from rmexp.losses.token_logprobs import token_logprobs


def whole(hidden: Tensor, weight: Tensor, token_ids: Tensor) -> Tensor:
    """The same with all logits at once."""
    return torch.log_softmax(hidden @ weight.T, dim=1).gather(1, token_ids[:, None]).squeeze(1)


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(1)
    hidden, weight = torch.randn(11, 6, generator=generator), torch.randn(40, 6, generator=generator)
    return 2 * hidden, weight, torch.randint(40, (11,), generator=generator)


@pytest.mark.parametrize("kept", [0, 1 << 20])
@pytest.mark.parametrize("chunk", [1, 4, 11, 100])
def test_values_and_gradients_are_those_of_all_logits_at_once(inputs, chunk, kept, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    monkeypatch.setattr(module, "KEPT", kept)
    results = []
    for function in (token_logprobs, whole):
        hidden, weight = (tensor.clone().requires_grad_() for tensor in inputs[:2])
        logps = function(hidden, weight, inputs[2])
        results.append((logps.detach(), *torch.autograd.grad(logps @ torch.arange(11.0), (hidden, weight))))
    for ours, expected in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


def test_half_precision_products_keep_a_full_sum(inputs):
    hidden, weight, ids = inputs
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logps = token_logprobs(hidden, weight, ids)
    assert logps.dtype == torch.float32
    expected = whole(hidden.bfloat16().float(), weight.bfloat16().float(), ids)
    # logits up to about 20 are rounded to 8 binary digits; the sum over the vocabulary is not
    torch.testing.assert_close(logps, expected, rtol=0, atol=20 * 2**-8)


@pytest.mark.parametrize("kept", [0, 1 << 20])
def test_no_tokens_have_no_logps_and_move_nothing(kept, monkeypatch):
    monkeypatch.setattr(module, "KEPT", kept - 1)
    hidden, weight = torch.zeros(0, 3, requires_grad=True), torch.ones(4, 3, requires_grad=True)
    logps = token_logprobs(hidden, weight, torch.zeros(0, dtype=torch.long))
    assert (logps.shape, logps.dtype) == ((0,), torch.float32)
    of_hidden, of_weight = torch.autograd.grad(logps.sum(), (hidden, weight))
    assert (tuple(of_hidden.shape), float(of_weight.abs().sum())) == ((0, 3), 0.0)


def test_equal_logits_are_equally_likely():
    logps = token_logprobs(torch.zeros(3, 2), torch.randn(7, 2), torch.tensor([0, 3, 6]))
    assert logps.tolist() == pytest.approx([-math.log(7)] * 3)


@pytest.mark.parametrize("kept", [0, 1 << 20])
def test_what_is_kept_is_small_or_nothing(inputs, kept, monkeypatch):
    monkeypatch.setattr(module, "KEPT", kept)
    sizes = []
    with torch.autograd.graph.saved_tensors_hooks(lambda saved: sizes.append(tuple(saved.shape)) or saved, lambda x: x):
        token_logprobs(inputs[0].requires_grad_(), inputs[1], inputs[2])
    assert ((11, 40) in sizes) == bool(kept)


def test_the_gradient_of_a_nearly_certain_token_is_exact_in_half_precision():
    hidden, weight = torch.ones(1, 1, requires_grad=True), torch.tensor([[8.0], [0.0]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        token_logprobs(hidden, weight, torch.tensor([0])).sum().backward()
    expected = 8 * torch.sigmoid(torch.tensor(-8.0))  # the weights of both tokens times what they lack
    assert float(hidden.grad) == pytest.approx(float(expected), rel=2**-7)


def test_a_head_that_does_not_learn_costs_no_product(inputs, monkeypatch):
    hidden, weight, ids = inputs
    logps = token_logprobs(hidden.requires_grad_(), weight, ids)
    (of_hidden,) = torch.autograd.grad(logps.sum(), hidden, retain_graph=True)
    monkeypatch.setattr(torch.Tensor, "T", None)  # which the weight's gradient and logits take, and nothing else
    assert torch.equal(torch.autograd.grad(logps.sum(), hidden)[0], of_hidden)


@pytest.mark.parametrize("rows", [3, 70])
def test_rows_of_half_precision_products_are_filled_up_without_a_trace(rows, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    hidden, weight = (torch.randn(size, 8, generator=generator).requires_grad_() for size in (rows, 11))
    token_ids, seen = torch.randint(11, (rows,), generator=generator), []
    products = module._log_softmax

    def watched(states, *given):
        seen.append(len(states))
        return products(states, *given)

    monkeypatch.setattr(module, "_log_softmax", watched)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = token_logprobs(hidden, weight, token_ids)
    assert seen == [3 if rows == 3 else 128]
    found.sum().backward()
    exact = [tensor.detach().clone().requires_grad_() for tensor in (hidden, weight)]
    expected = whole(*exact, token_ids)
    expected.sum().backward()
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.05)
    for one, other in zip((hidden, weight), exact, strict=True):
        assert (one.grad - other.grad).norm() < 0.02 * other.grad.norm()
