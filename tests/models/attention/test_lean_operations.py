import pytest
import torch
from torch.autograd import gradcheck
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from rmexp.models.attention.lean_operations import add_rms_norm, product_dtype, rms_norm, swiglu


@pytest.fixture
def hidden():
    return torch.randn(5, 8, generator=torch.Generator().manual_seed(0))


def test_the_norm_is_that_of_transformers(hidden):
    norm = LlamaRMSNorm(8, eps=1e-3)
    with torch.no_grad():
        norm.weight.copy_(torch.linspace(0.5, 2, 8))
    torch.testing.assert_close(rms_norm(hidden, norm.weight, 1e-3), norm(hidden))
    total, normalised = add_rms_norm(hidden, 2 * hidden, norm.weight, 1e-3)
    torch.testing.assert_close(total, 3 * hidden)
    torch.testing.assert_close(normalised, norm(3 * hidden))


@pytest.mark.filterwarnings("ignore:Input #.*double precision")
def test_gradients_by_differences(hidden):
    hidden, update = hidden.requires_grad_(), torch.randn(5, 8, generator=torch.Generator().manual_seed(1))
    weight = torch.linspace(0.5, 2, 8).requires_grad_()
    loose = {"eps": 1e-2, "atol": 1e-2, "rtol": 1e-2}  # float32 inside, whatever comes in
    assert gradcheck(lambda *given: rms_norm(*given, 1e-3), (hidden, weight), **loose)
    assert gradcheck(lambda *given: add_rms_norm(*given, 1e-3), (hidden, update.requires_grad_(), weight), **loose)


def test_the_gated_activation_and_its_gradients_are_those_of_autograd(hidden):
    gate, up = hidden.double().requires_grad_(), hidden.double().flip(0).requires_grad_()
    torch.testing.assert_close(swiglu(gate, up), torch.nn.functional.silu(gate) * up)
    assert gradcheck(swiglu, (gate, up))


def test_products_are_in_the_type_of_autocast(hidden):
    assert product_dtype(hidden) == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert product_dtype(hidden) == torch.bfloat16
        total, normalised = add_rms_norm(hidden, hidden.bfloat16(), torch.ones(8), 1e-3)
    assert (total.dtype, normalised.dtype) == (torch.float32, torch.bfloat16)
