"""Compiled parts against the operations that they stand for; `aot_eager` traces as the real compiler has to, fast."""

import pytest
import torch
from torch._dynamo.utils import counters
from transformers import LlamaConfig, LlamaModel, Qwen2Config, Qwen2Model, Qwen3Config, Qwen3Model

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention.compiled import compiled_parts, compiling
from rmexp.models.attention.decoder_layers import check_compilable, decoder_states

SIZE = {
    "vocab_size": 100,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
BODIES = {
    "llama": (LlamaModel, LlamaConfig(**SIZE)),
    "biases": (Qwen2Model, Qwen2Config(**SIZE)),
    "norms of heads": (Qwen3Model, Qwen3Config(**SIZE, head_dim=8)),
}


@pytest.fixture
def traced(monkeypatch):
    """torch.compile without the slow half of it."""
    torch._dynamo.reset()
    counters.clear()
    made = {}
    monkeypatch.setattr(
        "rmexp.models.attention.decoder_layers.compiled",
        lambda function: made.setdefault(function, torch.compile(function, backend="aot_eager")),
    )


def batch(seed):
    generator = torch.Generator().manual_seed(seed)
    count, *lengths = torch.randint(3, 40, (9,), generator=generator).tolist()
    prompt = torch.randint(100, (count,), generator=generator).tolist()
    texts = [prompt + torch.randint(100, (length,), generator=generator).tolist() for length in lengths]
    return response_batch([ResponseTokens(tuple(text), count, False) for text in texts])


def gradients(body, given, *, asked):
    body.zero_grad()
    with compiled_parts(asked):
        states = decoder_states(body, given, given.last_tokens.sort()[0])
        states.square().sum().backward()
    return [states.detach(), *(parameter.grad.clone() for parameter in body.parameters())]


@pytest.mark.parametrize(
    "name", ["llama", *(pytest.param(name, marks=pytest.mark.slow) for name in ("biases", "norms of heads"))]
)
def test_states_and_gradients_are_those_of_the_operations_and_nothing_is_compiled_again(name, traced):
    torch.manual_seed(0)
    kind, config = BODIES[name]
    body = kind(config)
    for seed in range(3):
        given = batch(seed)
        for found, expected in zip(*(gradients(body, given, asked=asked) for asked in (True, False)), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
        if seed == 0:
            compiled_once = counters["stats"]["unique_graphs"]
    assert compiled_once == 2
    assert counters["stats"]["unique_graphs"] == compiled_once
    assert not counters["graph_break"]


@pytest.mark.slow
def test_in_half_precision_they_agree_up_to_its_rounding(traced):
    torch.manual_seed(0)
    body, given = LlamaModel(BODIES["llama"][1]), batch(0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        (found, *_), (expected, *_) = (gradients(body, given, asked=asked) for asked in (True, False))
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.05)


def test_only_what_has_a_gradient_is_compiled_and_only_inside():
    assert not compiling()
    with compiled_parts(True):
        assert compiling()
        with torch.no_grad():
            assert not compiling()
        with compiled_parts(False):
            assert not compiling()
    assert not compiling()


def test_an_error_does_not_leave_it_on():
    with pytest.raises(ValueError, match="stops"), compiled_parts(True):
        raise ValueError("stops")
    assert not compiling()


def test_what_cannot_be_compiled_is_refused(monkeypatch):
    body = LlamaModel(BODIES["llama"][1])
    with pytest.raises(ValueError, match="in padded rows"):
        check_compilable(body, packed=False)
    monkeypatch.setattr("rmexp.models.attention.decoder_layers.has_compiler", lambda: False)
    with pytest.raises(ValueError, match="compiler of C"):
        check_compilable(body, packed=True)


@pytest.mark.slow
def test_compiled_training_steps_are_those_of_the_operations_themselves(tmp_path):
    from rmexp.cli import main

    weights = []
    for asked in ("false", "true"):
        folder = tmp_path / asked
        options = ["task=reward", "data=json_vs_text", "model=tiny", "trainer.max_steps=3", f"trainer.compiled={asked}"]
        assert main(["train", *options, "logger=csv", f"run_dir={folder}"]) == 0
        weights.append(torch.nn.utils.parameters_to_vector(_parameters(folder / "model")))
    # AdamW divides by the size of a gradient, and so makes rounding in a tiny one a part of a step, of 1e-3
    torch.testing.assert_close(*weights, rtol=1e-4, atol=1e-5)


def _parameters(folder):
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(folder).parameters()
