"""Linear layers whose weights are kept laid out give what they gave before, to the last bit."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn

from rmexp.hardware import laid_out as tested
from rmexp.hardware.laid_out import laid_out
from rmexp.hardware.precision import has_half_products

needs_half = pytest.mark.skipif(not has_half_products("cpu"), reason="the processor has no bf16 products")


class Doubled(nn.Linear):
    """A layer that does more than its weight says."""

    def forward(self, given):
        return 2 * super().forward(given)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(48, 96), nn.ReLU(), nn.Linear(96, 33, bias=False), nn.ReLU(), Doubled(33, 1))


@pytest.fixture
def half():
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        yield


@needs_half
@pytest.mark.parametrize("rows", [1, 7, 64, 500])
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_products_are_the_same(half, model, rows, kind):
    model, given = model.to(kind), torch.randn(rows, 48)
    expected = model(given)
    with laid_out(model):
        assert torch.equal(model(given), expected)
        assert torch.equal(model(given[None].to(torch.bfloat16)), expected[None])


@needs_half
def test_each_weight_is_laid_out_once(half, model, monkeypatch):
    made, laid = [], tested._laid
    monkeypatch.setattr(tested, "_laid", lambda layer: made.append(layer) or laid(layer))
    with laid_out(model):
        assert made == []  # of a layer whose weight alone is read nothing is made
        for _ in range(3):
            model(torch.ones(2, 48))
        with laid_out(model):
            model(torch.ones(2, 48))
    assert made == [model[0], model[2]]


@needs_half
def test_layers_are_their_own_again_behind_it(half, model):
    with laid_out(model):
        assert "forward" in vars(model[0])
    with pytest.raises(KeyError), laid_out(model):
        raise KeyError
    assert not any("forward" in vars(layer) for layer in model)


@needs_half
def test_what_is_asked_for_in_float32_is_computed_in_it(half, model):
    given = torch.randn(5, 48)
    with laid_out(model), torch.autocast("cpu", enabled=False):
        assert torch.equal(model[0](given), nn.functional.linear(given, model[0].weight, model[0].bias))


@pytest.mark.parametrize("context", [nullcontext, lambda: torch.autocast("cpu", dtype=torch.float16)])
def test_nothing_is_laid_out_where_products_are_not_in_bf16(model, context):
    with context(), laid_out(model):
        assert not any("forward" in vars(layer) for layer in model)


@needs_half
def test_numbers_of_another_type_are_left_alone(half, model):
    with laid_out(model.double()):
        assert not any("forward" in vars(layer) for layer in model)


@needs_half
def test_a_weight_that_is_spread_over_processes_is_left_alone(half, model):
    class Part(torch.Tensor):
        pass

    model[0].weight = nn.Parameter(torch.ones(96, 48).as_subclass(Part))
    with laid_out(model):
        assert [layer for layer in model if "forward" in vars(layer)] == [model[2]]
