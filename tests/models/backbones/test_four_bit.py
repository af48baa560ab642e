"""Weights in 4 bits: rounded as the paper says, computed as if they were whole, and whole again in what is saved."""

import copy
import sys

import pytest
import torch
from tests.support import four_bits as slow
from torch import nn
from transformers import AutoConfig, AutoModel, GPT2Config, GPT2LMHeadModel

from rmexp.models.attention.decoder_layers import decoder_states
from rmexp.models.backbones.four_bit import FourBitLinear, check_load, dequantise, quantise, refuse_sharing
from rmexp.models.backbones.trained_weights import choose_trained, merged
from rmexp.models.folders.folder import load_language_model, load_reward_model
from rmexp.models.folders.saved_type import cast_files
from rmexp.models.likelihood import Likelihood
from rmexp.models.reward_model import RewardModel
from rmexp.training.data.reference_logps import weights_fingerprint

ADAPTERS = {"rank": 4, "alpha": 8, "modules": "all-linear"}
BLOCK = 64
HALF_GAP = (slow.NUMBERS[1:] - slow.NUMBERS[:-1]).max() / 2


@pytest.fixture
def adapted(causal_lm, four_bits, taught):
    """A language model on a base in 4 bits, whose adapters have learnt something."""
    quantise(causal_lm.base_model, torch.float32)
    return taught(causal_lm)


def four_bit_layers(model):
    return [name for name, part in model.named_modules() if isinstance(part, FourBitLinear)]


@pytest.mark.usefixtures("four_bits")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_computes_as_a_plain_one_with_the_rounded_weights(dtype, bias):
    torch.manual_seed(0)
    given = nn.Linear(96, 33, bias=bias)
    layer = FourBitLinear(given, dtype)
    plain, hidden = layer.plain(), torch.randn(2, 5, 96)
    blocks = nn.functional.pad(given.weight.detach().flatten(), (0, -given.weight.numel() % BLOCK)).view(-1, BLOCK)
    off = (plain.weight - given.weight).detach().abs().flatten()
    room = blocks.abs().amax(dim=1).repeat_interleave(BLOCK)[: len(off)]
    assert (off <= room * (HALF_GAP + (0.01 if dtype == torch.bfloat16 else 1e-6))).all()
    assert torch.equal(plain.weight, plain.weight.to(dtype).float())
    found = []
    for one in (layer, plain):
        own = hidden.clone().requires_grad_()
        output = one(own)
        output.square().sum().backward()
        found.append((output.detach(), own.grad))
    torch.testing.assert_close(found[0], found[1])
    assert layer.codes.nbytes + layer.scales.nbytes <= given.weight.numel() * 0.57 + 8
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(hidden).dtype == torch.bfloat16
        torch.testing.assert_close(layer(hidden), plain(hidden), rtol=0.02, atol=0.02)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(16, 64), (33, 96), (7, 10)])
def test_bitsandbytes_rounds_as_the_paper_says(monkeypatch, shape, kind):
    functional = pytest.importorskip("bitsandbytes.functional", reason="bitsandbytes is large: the extra 4bit")
    torch.manual_seed(0)
    weight = torch.randn(shape).to(kind)
    layer = nn.Linear(shape[1], shape[0], bias=False, dtype=kind)
    layer.weight.data = weight
    whole = []
    for one in (functional, slow):
        monkeypatch.setitem(sys.modules, "bitsandbytes.functional", one)
        whole.append(FourBitLinear(layer, kind).weight)
    torch.testing.assert_close(*whole, rtol=0.01 if kind == torch.bfloat16 else 1e-6, atol=1e-6)


def test_linear_layers_of_the_body_alone_are_rounded_and_are_in_no_state(adapted, tiny_model):
    given = tiny_model.causal_lm
    assert len(four_bit_layers(adapted)) == 2 * 7  # products of two layers
    assert torch.equal(adapted.get_input_embeddings().weight, given.get_input_embeddings().weight)
    assert torch.equal(adapted.base_model.norm.weight, given.base_model.norm.weight)
    kept = adapted.state_dict()
    assert not [name for name in kept if "proj" in name and "lora_" not in name]
    assert len([name for name in kept if "lora_" in name]) == 2 * 7 * 2
    other = copy.deepcopy(adapted)
    with torch.no_grad():
        for parameter in other.parameters():
            if parameter.requires_grad:
                parameter.zero_()
    other.load_state_dict(kept)
    ids = torch.arange(20)[None]
    assert torch.equal(other(ids).logits, adapted(ids).logits)


def test_packed_rows_agree_with_transformers_own_layers(adapted, batch, responses, plain):
    likelihood = Likelihood(adapted, "packed")
    assert likelihood.states.function is decoder_states
    logps = likelihood.response(batch)
    expected = plain.logps(adapted, responses).float()
    torch.testing.assert_close(logps, expected, rtol=1e-4, atol=1e-4)
    logps.sum().backward()
    found = {name: weight.grad for name, weight in adapted.named_parameters() if weight.requires_grad}
    adapted.zero_grad()
    plain.logps(adapted, responses).sum().backward()
    for name, weight in adapted.named_parameters():
        if weight.requires_grad:
            torch.testing.assert_close(found[name], weight.grad, rtol=1e-3, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("bfloat16", 0.1)])
def test_a_folder_holds_whole_weights_with_the_adapters_in_them(adapted, batch, tokenizer, tmp_path, dtype, tolerance):
    model = RewardModel(adapted.base_model)
    model.save(tmp_path)
    cast_files(tmp_path, dtype)
    tokenizer.save_pretrained(tmp_path)
    loaded = load_reward_model(str(tmp_path))[0]
    torch.testing.assert_close(loaded(batch), model(batch), rtol=tolerance, atol=tolerance)
    assert not four_bit_layers(loaded)
    assert len(four_bit_layers(model)) == 2 * 7  # it can go on learning


@torch.no_grad()
def test_what_is_made_whole_in_place_gives_the_same(adapted, batch):
    before = Likelihood(adapted, "packed").response(batch)
    assert dequantise(adapted)
    assert not four_bit_layers(adapted)
    assert not dequantise(adapted)
    torch.testing.assert_close(Likelihood(adapted, "packed").response(batch), before)
    torch.testing.assert_close(Likelihood(merged(adapted), "packed").response(batch), before, rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.usefixtures("four_bits")
@pytest.mark.parametrize("family", ["bert", "t5"])
def test_bodies_that_look_at_their_weights_compute_the_same_with_whole_ones(family, batch):
    """T5 puts its states into the type that it finds a weight in."""
    sizes = {"bert": {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}}
    sizes["t5"] = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_heads": 2, "decoder_start_token_id": 0}
    body = AutoModel.from_config(AutoConfig.for_model(family, vocab_size=320, **sizes[family])).eval()
    quantise(body, torch.float32)
    choose_trained(body, "adapters", ADAPTERS)
    model = RewardModel(body, pooling="last_token", mask_padding=True).eval()
    rewards = model(batch)
    assert dequantise(model)
    torch.testing.assert_close(model(batch), rewards)


@torch.no_grad()
@pytest.mark.usefixtures("four_bits")
def test_a_start_from_files_in_half_precision_is_exact_in_such_files(causal_lm, batch, tokenizer, tmp_path):
    causal_lm.to(torch.bfloat16).float()
    quantise(causal_lm.base_model, torch.bfloat16)
    choose_trained(causal_lm.base_model, "adapters", ADAPTERS)
    logps = Likelihood(causal_lm, "packed").response(batch)
    merged(causal_lm).save_pretrained(tmp_path)
    cast_files(tmp_path, "bfloat16")
    tokenizer.save_pretrained(tmp_path)
    loaded = load_language_model(str(tmp_path)).causal_lm
    torch.testing.assert_close(Likelihood(loaded, "packed").response(batch), logps, rtol=1e-5, atol=1e-5)


def test_the_rounded_weights_are_a_part_of_what_tells_models_apart(adapted):
    before = weights_fingerprint(adapted)
    adapted.base_model.layers[0].mlp.up_proj.base_layer.codes[0] ^= 1
    assert weights_fingerprint(adapted) != before


@pytest.mark.usefixtures("four_bits")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("4bit", "all", "sft"), r"rounded ones cannot learn \(set model.trained=adapters, got all\)"),
        (("4bit", "head", "reward"), r"\(set model.trained=adapters, got head\)"),
        (("4bit", "adapters", "ppo"), r"is for task=sft, reward and dpo, got ppo \(set model.load=full\)"),
        (("8bit", "adapters", "sft"), "model.load must be full or 4bit, got 8bit"),
    ],
)
def test_what_does_not_fit_is_refused(given, message):
    check_load("4bit", "adapters", "reward")
    check_load("full", "all", "ppo")
    with pytest.raises(ValueError, match=message):
        check_load(*given)


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes.functional", None)
    with pytest.raises(ValueError, match=r"needs the package bitsandbytes \(pip install 'rmexp\[4bit\]'"):
        check_load("4bit", "adapters", "reward")


def test_it_is_not_shared_out_among_devices(adapted, tiny_model):
    refuse_sharing(tiny_model.causal_lm)
    with pytest.raises(ValueError, match=r"model.load=4bit is for devices .* \(set trainer=ddp\)"):
        refuse_sharing(adapted)


@pytest.mark.usefixtures("four_bits")
def test_a_body_without_linear_layers_is_refused():
    body = GPT2LMHeadModel(GPT2Config(vocab_size=20, n_embd=8, n_layer=1, n_head=2)).base_model
    with pytest.raises(ValueError, match=r"GPT2Model has no linear layers to round \(set model.load=full\)"):
        quantise(body, torch.float32)
