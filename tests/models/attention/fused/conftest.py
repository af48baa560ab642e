import pytest
import torch

from rmexp.models.attention.choose import no_fused
from rmexp.models.attention.fused import library


@pytest.fixture(scope="session", params=[(), library.VECTORS_ALONE], ids=["as here", "vectors"])
def built(request):
    if no_fused(torch.float32) is not None:
        pytest.skip(f"{no_fused(torch.float32)}")
    found = library.loaded(library.built(request.param, library.kept_in()))
    if not found.allowed():
        pytest.skip("the system does not let a process use tiles")
    return found


@pytest.fixture
def kernels(built, monkeypatch):
    monkeypatch.setattr(library, "library", lambda: built)


@pytest.fixture(params=[torch.bfloat16, torch.float32], ids=["bfloat16", "float32"])
def dtype(request):
    if no_fused(request.param) is not None:
        pytest.skip(f"{no_fused(request.param)}")
    return request.param
