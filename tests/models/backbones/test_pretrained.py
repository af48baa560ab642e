"""How much memory reading a model takes: told by what is allocated, not by what the process happens to hold."""

import copy

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rmexp.models.folders.folder import load_backbone
from rmexp.models.folders.saved_type import cast_files


class Allocated(TorchDispatchMode):
    """Counts the bytes of all new memory on the host; what is mapped from a file is none."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        given = {values.untyped_storage().data_ptr() for values in _on_host((args, kwargs))}
        new = {values.untyped_storage() for values in _on_host(found)}
        self.bytes += sum(memory.nbytes() for memory in new if memory.data_ptr() not in given)
        return found


def _on_host(values):
    return [one for one in tree_leaves(values) if isinstance(one, torch.Tensor) and one.device.type == "cpu"]


@pytest.fixture
def allocated(monkeypatch):
    """Bytes that a function allocates; transformers reads in this thread, where they are seen."""
    monkeypatch.setenv("HF_DEACTIVATE_ASYNC_LOAD", "1")

    def count(function, *args, **options):
        with Allocated() as counted:
            function(*args, **options)
        return counted.bytes

    return count


def size(folder):
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


@pytest.mark.parametrize("kind", ["reference_folder", "reward_folder"])
def test_weights_are_read_without_a_copy(request, allocated, kind):
    folder = request.getfixturevalue(kind)
    assert allocated(load_backbone, str(folder)) < 0.2 * size(folder)


def test_weights_of_another_type_are_in_memory_once(tiny_model, tmp_path, allocated):
    copy.deepcopy(tiny_model.causal_lm).save_pretrained(tmp_path)
    cast_files(tmp_path, "bfloat16")
    tiny_model.tokenizer.save_pretrained(tmp_path)
    assert allocated(load_backbone, str(tmp_path)) < 2.2 * size(tmp_path)  # in float32: twice as large
