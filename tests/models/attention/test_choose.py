import pytest
import torch
from tests.support.dense_kernel import DenseKernel

from rmexp.models.attention import choose
from rmexp.models.attention.choose import _failure, attention_kind, no_flash


@pytest.fixture
def gpu(monkeypatch):
    def of(capability):
        monkeypatch.setattr(choose.torch.cuda, "get_device_capability", lambda: capability)
        monkeypatch.setattr(choose.torch.cuda, "get_device_name", lambda: "a GPU")

    of((9, 0))
    return of


def test_flash_serves_half_precision_on_a_gpu(gpu):
    assert no_flash("cuda", torch.bfloat16, 128, None) is None


@pytest.mark.parametrize(
    ("dtype", "width", "window", "reason"),
    [
        (torch.float32, 128, None, "no float32"),
        (torch.bfloat16, 512, None, "up to 256"),
        (torch.bfloat16, 12, None, "steps of 8"),
        (torch.bfloat16, 64, 100, "a window of 100"),
    ],
)
def test_tiles_serve_the_rest_and_say_why(gpu, dtype, width, window, reason):
    assert reason in str(no_flash("cuda", dtype, width, window))


def test_an_older_gpu_has_tiles(gpu):
    gpu((7, 5))
    assert "older than the flash kernel" in str(no_flash("cuda", torch.bfloat16, 64, None))


def test_a_processor_has_tiles_for_every_number():
    assert attention_kind(torch.zeros(1, 1, 8, dtype=torch.float64), None) == "tiles"


def test_a_kernel_that_does_not_run_is_no_crash():
    assert "does not run here" in str(_failure(torch.device("cpu"), torch.bfloat16, 64))


class WithoutMerging(DenseKernel):
    """The keys of a stretch weigh what they do beside the keys of that stretch alone."""

    def backward(self, gradient, qkv, output, lse, along, scaling):
        own, own_lse = self.forward(*qkv, along, scaling)
        return super().backward(gradient, qkv, own, own_lse, along, scaling)


class OtherLayout(DenseKernel):
    """Older kernels give their log-sum-exp sequence by sequence."""

    def forward(self, *arguments):
        output, lse = super().forward(*arguments)
        return output, lse[None]


@pytest.mark.parametrize(
    ("kernel", "said"),
    [(DenseKernel, None), (WithoutMerging, "computes something else"), (OtherLayout, "does not run here")],
)
def test_a_kernel_is_used_if_it_computes_attention(monkeypatch, kernel, said):
    monkeypatch.setattr(choose, "FlashKernel", kernel)
    found = _failure.__wrapped__(torch.device("cpu"), torch.float32, 64)
    assert found is None if said is None else said in found
