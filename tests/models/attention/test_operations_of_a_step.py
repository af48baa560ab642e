"""How many operations of torch a step needs, and that no kernel is built after the first: counted, not timed."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import LlamaConfig, LlamaModel

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention.choose import no_fused
from rmexp.models.attention.fused import library
from rmexp.models.reward_model import RewardModel

PRODUCTS = 7  # of a layer with weights
VIEWS = ("view", "transpose", "t.", "slice", "expand", "unsqueeze", "detach", "alias", "as_strided", "select", "split")


class Counted(TorchDispatchMode):
    """The operations within it, without those that only look at memory otherwise."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if not any(str(function).startswith(f"aten.{view}") for view in VIEWS):
            self.names.append(str(function))
        return function(*args, **(kwargs or {}))


def model_of(layers):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=50, hidden_size=32, intermediate_size=48, num_hidden_layers=layers, num_attention_heads=2
    )
    return RewardModel(LlamaModel(config))


def batch(*lengths):
    texts = [tuple(3 + place % 40 for place in range(length)) for length in lengths]
    return response_batch([ResponseTokens((*text, index), 2, False) for index, text in enumerate(texts)])


def operations(model, given):
    with Counted() as counted:
        model(given).sum().backward()
    return counted.names


def of_a_layer(given):
    """Operations that one layer more costs, forward and backward."""
    few, many = (operations(model_of(layers), given) for layers in (3, 4))
    return len(many) - len(few)


@pytest.mark.skipif(no_fused(torch.float32) is not None, reason="no fused kernels here")
def test_a_layer_is_products_and_little_else():
    assert of_a_layer(batch(9, 20, 31)) <= 3 * PRODUCTS + 22 + 5  # memory that kernels write into, sums of gradients


def test_operations_are_as_many_however_long_and_many_the_responses():
    assert of_a_layer(batch(9, 20, 31)) == of_a_layer(batch(5, 7, 9, 12, 31, 40, 41)) or no_fused(torch.float32)


@pytest.mark.skipif(no_fused(torch.float32) is not None, reason="no fused kernels here")
def test_nothing_is_built_once_the_kernels_are_there(monkeypatch):
    model = model_of(2)
    operations(model, batch(9))
    monkeypatch.setattr(library, "built", lambda *_: pytest.fail("built again"))
    for lengths in ((3, 4), (50,), (7, 8, 90)):
        operations(model, batch(*lengths))
