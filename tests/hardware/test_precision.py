from types import SimpleNamespace

import pytest
import torch
from torch import nn

from rmexp.hardware import precision
from rmexp.hardware.precision import choose_precision, computing, scorer_fingerprint

SMALL, LARGE = nn.Linear(10, 10), nn.Linear(2000, 1000)


@pytest.mark.parametrize(
    ("model", "fast", "chosen"), [(SMALL, True, "32-true"), (LARGE, True, "bf16-mixed"), (LARGE, False, "32-true")]
)
def test_half_precision_is_for_large_models_where_it_is_fast(model, fast, chosen, monkeypatch):
    monkeypatch.setattr(precision, "has_half_products", lambda device: fast)
    assert choose_precision("auto", model, "cpu") == chosen
    assert choose_precision("bf16-true", model, "cpu") == "bf16-true"


@pytest.mark.parametrize(("wanted", "spelled"), [(32, "32-true"), ("32", "32-true"), ("bf16", "bf16-mixed")])
def test_other_names_of_a_precision_are_the_same_one(wanted, spelled):
    assert choose_precision(wanted, SMALL, "cpu") == spelled
    with pytest.raises(ValueError, match=r"trainer.precision=16-mixed is for a GPU"):
        choose_precision(16, SMALL, "cpu")


def test_a_processor_says_what_it_can(monkeypatch):
    for capabilities, expected in (({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx2": True}, False)):
        monkeypatch.setattr(
            torch.cpu, "get_capabilities", lambda capabilities=capabilities: capabilities, raising=False
        )
        assert precision.has_half_products("cpu") is expected


def test_a_processor_says_what_it_can_where_torch_asks_it_otherwise(monkeypatch):
    asked = SimpleNamespace(_is_avx512_bf16_supported=lambda: True, _is_amx_tile_supported=lambda: False)
    monkeypatch.setattr(precision, "torch", SimpleNamespace(cpu=asked))
    assert [precision.processor_has(name) for name in (precision.AVX_HALF, precision.AMX_HALF)] == [True, False]
    assert all(hasattr(torch.cpu, name) for name in precision.ASKED_BEFORE.values())


def test_scores_are_computed_in_one_of_two_precisions():
    with computing("bf16-mixed", "cpu")():
        assert SMALL(torch.ones(1, 10)).dtype == torch.bfloat16
    with computing("32-true", "cpu")():
        assert SMALL(torch.ones(1, 10)).dtype == torch.float32
    with pytest.raises(ValueError, match=r"scorer.precision must be auto, 32-true or bf16-mixed, got 16-mixed"):
        computing("16-mixed", "cpu")
    assert scorer_fingerprint("abc", "32-true") == "abc" != scorer_fingerprint("abc", "bf16-mixed")


def test_a_precision_that_the_device_lacks_is_refused(monkeypatch):
    with pytest.raises(ValueError, match=r"trainer.precision=16-mixed is for a GPU"):
        choose_precision("16-mixed", SMALL, "cpu")
    monkeypatch.setattr(precision, "has_half_products", lambda device: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "an old GPU")
    with pytest.raises(ValueError, match="an old GPU has no bf16 products"):
        choose_precision("bf16-true", SMALL, "cuda")


def test_weights_are_put_into_the_format_they_are_trained_in():
    for wanted, dtype in (("bf16-mixed", torch.float32), ("bf16-true", torch.bfloat16)):
        model = nn.Linear(2, 2)
        precision.weights_in(wanted, model)
        assert model.weight.dtype == dtype
    assert [precision.of_trainer(name) for name in ("bf16-true", "bf16-mixed")] == ["32-true", "bf16-mixed"]
