from types import SimpleNamespace

import pytest
from transformers import LlamaConfig, LlamaModel

from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.models.attention import compiling_gains
from rmexp.training.compiling import compiles, tokens_of


@pytest.fixture
def body():
    return LlamaModel(
        LlamaConfig(vocab_size=9, hidden_size=8, intermediate_size=8, num_hidden_layers=2, num_attention_heads=2)
    )


def trainer(asked, device="cpu"):
    return SimpleNamespace(compiled=asked), device


@pytest.mark.parametrize("units", [True, False])
def test_a_long_run_compiles_where_products_are_cheap(body, monkeypatch, units, caplog):
    monkeypatch.setattr(compiling_gains, "_has_matrix_units", lambda: units)
    monkeypatch.setattr(compiling_gains, "has_compiler", lambda: True)
    caplog.set_level("INFO")
    enough = compiling_gains.COST / compiling_gains.GAIN / 16
    assert not compiles(*trainer("auto"), body, packed=True, tokens=enough / 2)
    assert not caplog.messages
    assert compiles(*trainer("auto"), body, packed=True, tokens=enough * 2) is units
    assert bool(caplog.messages) is units
    assert not compiles(*trainer("auto", "gpu"), body, packed=True, tokens=enough * 2)
    assert not compiles(*trainer("auto"), body, packed=False, tokens=enough * 2)
    assert compiles(*trainer(True), body, packed=True, tokens=1)
    assert not compiles(*trainer(False), body, packed=True, tokens=enough * 2)


def test_without_a_compiler_nothing_is_compiled_by_itself(body, monkeypatch):
    monkeypatch.setattr(compiling_gains, "_has_matrix_units", lambda: True)
    monkeypatch.setattr(compiling_gains, "has_compiler", lambda: False)
    assert not compiles(*trainer("auto"), body, packed=True, tokens=1e12)


def test_the_prompt_of_a_pair_counts_once():
    sides = [ResponseTokens(tuple(range(length)), 4, False) for length in (7, 9)]
    assert tokens_of([PairTokens(*sides, 1.0)] * 3, passes=2) == 6 * (7 + 5)
    assert tokens_of([sides[0]] * 1000, passes=0.5) == 500 * 7
