"""Norms and gates of the fused kernels against plain operations in float64."""

import pytest
import torch
import torch.nn.functional as F

from rmexp.models.attention import lean_operations
from rmexp.models.attention.fused import between_products
from rmexp.models.attention.lean_operations import add_rms_norm, rms_norm, swiglu

ROUNDING = {torch.bfloat16: 0.003, torch.float32: 3e-7}  # of the norm
SIZES = [(1, 1), (5, 7), (64, 16), (65, 33), (200, 256), (130, 688)]  # rows and their width


@pytest.fixture(autouse=True)
def counted(kernels, monkeypatch):
    """The functions of the kernels that are called, once they have been found to agree."""
    lean_operations.no_fused(torch.float32), lean_operations.no_fused(torch.bfloat16)
    calls = []
    for name in ("norm", "norm_gradients", "gate", "gate_gradients"):
        function = getattr(between_products, name)
        monkeypatch.setattr(
            between_products, name, lambda *given, f=function, n=name, **named: calls.append(n) or f(*given, **named)
        )
    return calls


def drawn(*shape, seed=0, dtype=torch.float32):
    tensor = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return tensor.to(dtype).requires_grad_()


def exact(*tensors):
    return [tensor.detach().double().requires_grad_() for tensor in tensors]


def check(found, inputs, expected, plain, outer):
    """Outputs, and gradients of inputs given those of outputs."""
    ours = *found, *torch.autograd.grad(found, inputs, outer)
    right = *expected, *torch.autograd.grad(expected, plain, [part.double() for part in outer])
    for one, other in zip(ours, right, strict=True):
        assert (one.double() - other).norm() <= ROUNDING[one.dtype] * other.norm().clamp(min=other.numel() ** 0.5)


@pytest.mark.parametrize("size", SIZES)
def test_a_sum_and_its_norm(size, dtype, counted):
    inputs = residual, update, weight = drawn(*size), drawn(*size, seed=1, dtype=dtype), drawn(size[1], seed=2)
    outer = drawn(*size, seed=3), drawn(*size, seed=4, dtype=dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        found = add_rms_norm(residual, update, weight, 1e-5)
    assert (found[0].dtype, found[1].dtype) == (torch.float32, dtype)
    plain = exact(*inputs)
    total = plain[0] + plain[1]
    check(found, inputs, (total, F.rms_norm(total, size[1:], plain[2], 1e-5)), plain, outer)
    assert counted == ["norm", "norm_gradients"]


@pytest.mark.parametrize("size", SIZES)
def test_a_norm_alone_of_either_type(size, dtype, counted):
    inputs = hidden, weight = drawn(*size, dtype=dtype), drawn(size[1], seed=2)
    found, plain = rms_norm(hidden, weight, 1e-5), exact(*inputs)
    expected = F.rms_norm(plain[0], size[1:], plain[1], 1e-5)
    check([found], inputs, [expected], plain, [drawn(*size, seed=3, dtype=dtype)])
    assert counted == ["norm", "norm_gradients"]


def test_what_is_all_half_precision_is_summed_in_it(dtype):
    residual, update = drawn(9, 40, dtype=dtype), drawn(9, 40, seed=1, dtype=dtype)
    total, normalised = add_rms_norm(residual, update, torch.ones(40), 1e-5)
    assert torch.equal(total, residual + update)
    expected = F.rms_norm(total.double(), (40,), eps=1e-5)
    assert (normalised.double() - expected).norm() <= ROUNDING[dtype] * expected.norm()


@pytest.mark.parametrize("size", SIZES)
def test_a_gate(size, dtype, counted):
    inputs = drawn(*size, dtype=dtype), drawn(*size, seed=1, dtype=dtype)
    plain = exact(*inputs)
    check([swiglu(*inputs)], inputs, [F.silu(plain[0]) * plain[1]], plain, [drawn(*size, seed=2, dtype=dtype)])
    assert counted == ["gate", "gate_gradients"]


@pytest.mark.parametrize("far", [-200.0, -80.0, 80.0, 200.0])
def test_gates_that_are_shut_or_open(far, dtype):
    gate, up = torch.full((3, 5), far, dtype=dtype, requires_grad=True), torch.ones(3, 5, dtype=dtype)
    gated = swiglu(gate, up)
    torch.testing.assert_close(gated, F.silu(gate), rtol=0.01, atol=1e-30)
    (slope,) = torch.autograd.grad(gated.sum(), gate)
    torch.testing.assert_close(slope, torch.full((3, 5), float(far > 0), dtype=dtype), rtol=0, atol=1e-30)


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
def test_what_is_no_number_is_not_hidden(dtype, wrong):
    rows = torch.ones(3, 40, dtype=dtype)
    rows[1, 35] = wrong
    for found in (
        rms_norm(rows, torch.ones(40), 1e-5),
        swiglu(rows, rows),
    ):
        assert not found[1].isfinite().all()
        assert found[0].isfinite().all()
        assert found[2].isfinite().all()


def results(dtype):
    inputs = drawn(900, 64), drawn(900, 64, seed=1, dtype=dtype), drawn(64, seed=2)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        found = add_rms_norm(*inputs, 1e-5)
    gates = drawn(900, 64, dtype=dtype), drawn(900, 64, seed=1, dtype=dtype)
    gated = swiglu(*gates)
    return (
        *found,
        gated,
        *torch.autograd.grad([*found, gated], [*inputs, *gates], [*map(torch.ones_like, found), gated]),
    )


def test_threads_change_no_bit(dtype, monkeypatch):
    expected = results(dtype)
    for threads in (1, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(results(dtype), expected, strict=True))


def test_a_weight_that_does_not_learn_costs_no_gradient(monkeypatch):
    asked, found = [], between_products.norm_gradients

    def watched(*given, with_weight):
        asked.append(with_weight)
        return found(*given, with_weight=with_weight)

    monkeypatch.setattr(between_products, "norm_gradients", watched)
    rms_norm(drawn(3, 8), torch.ones(8), 1e-5).sum().backward()
    assert asked == [False]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_other_numbers_take_the_operations(dtype, counted):
    rms_norm(drawn(3, 8).to(dtype), torch.ones(8, dtype=dtype), 1e-5)
    swiglu(drawn(3, 8).to(dtype), drawn(3, 8).to(dtype))
    rms_norm(drawn(3, 8), torch.ones(8, dtype=torch.bfloat16), 1e-5)
    assert not counted


def test_without_products_of_half_precision_there_is_no_norm_for_them_either(counted, monkeypatch):
    without = {torch.bfloat16: "the processor has no bf16 products"}
    monkeypatch.setattr(lean_operations, "no_fused", without.get)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert rms_norm(drawn(3, 8), torch.ones(8), 1e-5).dtype == torch.bfloat16
    assert not counted


def test_rows_that_lie_otherwise_in_memory(dtype):
    rows = drawn(40, 9, dtype=dtype)
    found = rms_norm(rows.t(), torch.ones(40), 1e-5)
    plain = exact(rows)
    outer = [drawn(9, 40, seed=3, dtype=dtype)]
    check([found], [rows], [F.rms_norm(plain[0].t(), (40,), eps=1e-5)], plain, outer)


def test_where_the_kernels_do_not_serve_it_is_the_same(monkeypatch):
    inputs = drawn(5, 24), drawn(5, 24, seed=1), drawn(24, seed=2)
    served = [*add_rms_norm(*inputs, 1e-5), swiglu(*inputs[:2])]
    monkeypatch.setattr(lean_operations, "no_fused", lambda _: "there is none")
    torch.testing.assert_close([*add_rms_norm(*inputs, 1e-5), swiglu(*inputs[:2])], served)
