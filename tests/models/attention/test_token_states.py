"""Rewards, log-probabilities and gradients in packed rows are those of transformers, family by family."""

import copy
import logging
from dataclasses import replace

import pytest
import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GemmaConfig,
    GemmaForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention import token_states
from rmexp.models.attention.decoder_layers import decoder_states
from rmexp.models.attention.packed_rows import packed_states
from rmexp.models.attention.padded_rows import padded_states
from rmexp.models.attention.token_states import TokenStates
from rmexp.models.likelihood import Likelihood
from rmexp.models.reward_model import RewardModel

SIZES = {
    "vocab_size": 90, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "pad_token_id": 0,
}  # fmt: skip
WINDOWS = {"sliding_window": 6, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}
GEMMA = {"head_dim": 8, "query_pre_attn_scalar": 8, **WINDOWS}
NEOX = {key: value for key, value in SIZES.items() if key != "num_key_value_heads"}
GPT2 = {"vocab_size": 90, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}
FAMILIES = {
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES), decoder_states),
    "llama, biases": (LlamaForCausalLM, LlamaConfig(**SIZES, attention_bias=True, head_dim=16), decoder_states),
    "mistral": (MistralForCausalLM, MistralConfig(**SIZES, sliding_window=6), decoder_states),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, use_sliding_window=True, **WINDOWS), decoder_states),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**SIZES, head_dim=8), decoder_states),
    "gemma": (GemmaForCausalLM, GemmaConfig(**SIZES, head_dim=8), packed_states),
    "gemma3": (Gemma3ForCausalLM, Gemma3TextConfig(**SIZES, **GEMMA), packed_states),
    "gemma2": (Gemma2ForCausalLM, Gemma2Config(**SIZES, **GEMMA), padded_states),
    "phi3": (Phi3ForCausalLM, Phi3Config(**SIZES), packed_states),
    "gpt2": (GPT2LMHeadModel, GPT2Config(**GPT2), packed_states),
    "gpt_neox": (GPTNeoXForCausalLM, GPTNeoXConfig(**NEOX), packed_states),
}  # fmt: skip


QUICK, SLOW = ("llama, biases", "mistral", "gemma", "gemma2"), pytest.mark.slow  # one of each way, and windows


def tokens(count, seed):
    return tuple(torch.randint(3, 90, (count,), generator=torch.Generator().manual_seed(seed)).tolist())


def pair(prompt, chosen, rejected):
    return [ResponseTokens(prompt + response, len(prompt), False) for response in (chosen, rejected)]


CASES = {
    "varied lengths": [
        row
        for n in range(6)
        for row in pair(tokens(3 * n + 1, n), tokens(2 + 5 * n, 10 + n), tokens(31 - 5 * n, 20 + n))
    ],
    "longer than a tile": [
        *pair(tokens(140, 1), tokens(20, 2), tokens(90, 3)),
        *pair(tokens(5, 4), tokens(150, 5), tokens(3, 6)),
    ],
    "identical sides": pair(tokens(5, 1), tokens(7, 2), tokens(7, 2)),
    "one side a prefix of the other": pair(tokens(5, 1), tokens(9, 2)[:4], tokens(9, 2)),
    "empty prompt": pair((), tokens(6, 1), tokens(4, 2)) + pair((), (5, *tokens(4, 3)), (5, *tokens(6, 4))),
    "one-token responses": pair(tokens(6, 1), (7,), (8,)),
    "no shared token": pair((3, 4), (5, 6), (7,))[:1] + pair((9, 10), (5, 6), (7,))[1:],
    "one pair": pair(tokens(4, 1), tokens(3, 2), tokens(8, 3)),
    "five responses": [ResponseTokens(tokens(11, 1) + tokens(2 * n + 1, n + 5), 11, False) for n in range(5)],
}  # fmt: skip


def made(family):
    model_class, config, way = FAMILIES[family]
    torch.manual_seed(0)
    model = model_class(copy.deepcopy(config)).eval()
    with torch.no_grad():  # norms and biases that do something
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter += 0.2 * torch.randn_like(parameter)
            elif "embed" not in name and "wte" not in name:
                parameter *= 4
    return model, way


def assert_near(found, expected, relative):
    """Within a relative error of the largest value."""
    largest = float(expected.detach().abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=relative * max(largest, 1e-6))


def gradients(model, output, seed=0):
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(seed))
    model.zero_grad()
    (output.float() * weights).sum().backward()
    return {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize("family", [name if name in QUICK else pytest.param(name, marks=SLOW) for name in FAMILIES])
def test_rewards_logprobs_and_gradients_are_those_of_transformers(family, plain):
    model, way = made(family)
    reward_model = RewardModel(model.base_model)
    likelihood = Likelihood(model, "auto")
    assert reward_model.states.function is way
    for case, responses in CASES.items():
        batch = response_batch(responses)
        rewards, expected = reward_model(batch), plain.rewards(reward_model, responses)
        assert_near(rewards, expected, 1e-5)
        ours, theirs = gradients(reward_model, rewards), gradients(reward_model, expected)
        assert ours.keys() == theirs.keys()
        for name in ours:
            assert_near(ours[name], theirs[name], 2e-4)
        logps, expected = likelihood.response(batch), plain.logps(model, responses).float()
        assert_near(logps, expected, 1e-5)
        ours, theirs = gradients(model, logps), gradients(model, expected)
        assert ours.keys() == theirs.keys(), case
        for name in ours:
            assert_near(ours[name], theirs[name], 2e-4)


def drawn(seed):
    """Prompts of 0 to 60 tokens with one to four responses of 1 to 40, some alike, some the start of another."""
    generator = torch.Generator().manual_seed(seed)

    def number(low, high):
        return int(torch.randint(low, high + 1, (1,), generator=generator))

    def text(count):
        return tuple(torch.randint(3, 90, (count,), generator=generator).tolist())

    rows = []
    for _ in range(number(1, 5)):
        prompt, response = text(number(0, 60)), text(number(1, 40))
        for _ in range(number(1, 4)):
            rows.append(ResponseTokens(prompt + response, len(prompt), False))
            response = (response, response[: number(1, len(response))], text(number(1, 40)))[number(0, 2)]
    return rows


def of_all(model, reward_model, rewards, logps):
    """Rewards and log-probabilities one after the other, and all gradients of both."""
    of_rewards, of_logps = gradients(reward_model, rewards), gradients(model, logps)
    every = [found[name].double().flatten() for found in (of_rewards, of_logps) for name in sorted(found)]
    return torch.cat([rewards, logps]).double(), torch.cat(every)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", ["llama, biases", "mistral"])
def test_random_layouts_are_computed_as_transformers_does(family, dtype, plain):
    """In half precision: no further from the right values than transformers in the same, or than it can tell apart."""
    base, way = made(family)
    torch.manual_seed(1)
    head = torch.nn.Linear(32, 1, bias=False)
    for seed in range(2):
        responses, found = drawn(seed), {}
        for kind in (torch.float64, dtype):
            model = copy.deepcopy(base).to(kind)
            reward_model = RewardModel(model.base_model, copy.deepcopy(head).to(kind))
            likelihood = Likelihood(model, "packed")
            assert reward_model.states.function is way
            batch = response_batch(responses)
            ours = of_all(model, reward_model, reward_model(batch), likelihood.response(batch))
            expected = plain.rewards(reward_model, responses), plain.logps(model, responses)
            found[kind] = ours, of_all(model, reward_model, *expected)
        for (one, other), truth in zip(zip(*found[dtype], strict=True), found[torch.float64][1], strict=True):
            if dtype == torch.bfloat16:
                ours, theirs = ((kind - truth).detach().norm() / truth.detach().norm() for kind in (one, other))
                assert ours < max(1.3 * theirs, torch.finfo(dtype).eps)
            else:
                assert_near(one, truth, 1e-6 if dtype == torch.float64 else 1e-4)


@torch.no_grad()
@pytest.mark.parametrize("family", ["llama", "mistral", "gemma3"])
def test_results_do_not_depend_on_the_batch(family):
    model, _ = made(family)
    reward_model, likelihood = RewardModel(model.base_model), Likelihood(model, "packed")
    responses = [row for rows in CASES.values() for row in rows]
    together = reward_model(response_batch(responses)), likelihood.response(response_batch(responses))
    for index in range(0, len(responses), 7):
        alone = response_batch([responses[index]])
        assert_near(reward_model(alone), together[0][index : index + 1], 1e-5)
        assert_near(likelihood.response(alone), together[1][index : index + 1], 1e-5)


def half_logps(model, responses):
    """Summed log-probabilities as autocast leaves them: a log-softmax in half precision, too."""
    sums = []
    for row in responses:
        ids = torch.tensor(row.token_ids)
        logps = model(input_ids=ids[None]).logits[0, :-1].log_softmax(-1).gather(1, ids[1:, None])
        sums.append(logps[max(row.prompt_tokens, 1) - 1 :].float().sum())
    return torch.stack(sums)


@torch.no_grad()
def test_half_precision_is_no_further_off_than_that_of_transformers(plain):
    model, _ = made("llama")
    reward_model, likelihood = RewardModel(model.base_model), Likelihood(model, "packed")
    responses = [row for rows in CASES.values() for row in rows]
    batch = response_batch(responses)
    full = plain.rewards(reward_model, responses), plain.logps(model, responses)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        theirs = plain.rewards(reward_model, responses), half_logps(model, responses)
        ours = reward_model(batch), likelihood.response(batch)
    for found, other, right in zip(ours, theirs, full, strict=True):
        assert (found - right).square().mean().sqrt() < 1.2 * (other - right).square().mean().sqrt()


def test_checkpointed_layers_give_the_same_gradients():
    model, _ = made("llama")
    reward_model = RewardModel(model.base_model)
    batch = response_batch(CASES["varied lengths"])
    expected = gradients(reward_model, reward_model(batch))
    model.train()
    model.gradient_checkpointing_enable()
    for name, gradient in gradients(reward_model, reward_model(batch)).items():
        assert torch.equal(gradient, expected[name])


def test_packed_rows_are_refused_where_they_do_not_suit(caplog):
    model, _ = made("gemma2")
    with pytest.raises(
        ValueError,
        match=r"Gemma2Model cannot be computed in packed rows: attention with softcap \(set model.layout=auto\)",
    ):
        TokenStates(model.base_model, "packed")
    with caplog.at_level(logging.INFO):
        assert not TokenStates(model.base_model, "auto").packed
    assert "attention with softcap; it is computed in padded rows" in caplog.text
    for layer in model.base_model.layers:
        layer.self_attn.attn_logit_softcapping = None
    with pytest.raises(ValueError, match=r"Gemma2ForCausalLM makes its logits by more than one product"):
        Likelihood(model, "packed")
    with pytest.raises(ValueError, match=r"model.layout must be one of auto, packed, padded, got dense"):
        TokenStates(model.base_model, "dense")


def test_positions_that_do_more_than_turn_heads_are_left_to_transformers():
    scaled = {
        "rope_type": "default",
        "rope_theta": 1e4,
        "llama_4_scaling_beta": 0.5,
        "original_max_position_embeddings": 9,
    }
    ministral = AutoModel.from_config(AutoConfig.for_model("ministral3", **SIZES, head_dim=8, rope_parameters=scaled))
    smollm = AutoModel.from_config(AutoConfig.for_model("smollm3", **SIZES, no_rope_layers=[1, 0, 1])).bfloat16()
    assert TokenStates(ministral, "auto").function is TokenStates(smollm, "auto").function is packed_states


def test_what_comes_out_otherwise_is_not_used(monkeypatch):
    class Louder(nn.Module):
        def forward(self, hidden):
            return 2 * hidden

    model, _ = made("llama")
    assert TokenStates(model.base_model, "auto").function is decoder_states
    monkeypatch.setattr(token_states, "decoder_states", lambda *given: decoder_states(*given) * 1.001)
    assert TokenStates(model.base_model, "auto").function is packed_states
    monkeypatch.setattr(token_states, "packed_states", lambda *given: packed_states(*given) * 1.001)
    assert TokenStates(model.base_model, "auto").function is padded_states


def test_layouts_agree(responses):
    model, _ = made("llama")
    batch = response_batch([replace(row, token_ids=tuple(token % 90 for token in row.token_ids)) for row in responses])
    rows = torch.tensor([3, 0, 3, len(batch.token_ids) - 1])
    found = [TokenStates(model.base_model, layout)(batch, rows) for layout in ("packed", "padded")]
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


def test_read_rows_of_half_precision_are_filled_up_without_a_trace():
    torch.manual_seed(0)
    model, _ = made("llama, biases")
    body, sizes = model.base_model, []
    batch = response_batch(drawn(0))
    rows = torch.arange(1, len(batch.token_ids), 2)[:70]
    body.layers[-1].mlp.down_proj.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    with torch.no_grad():
        expected = decoder_states(body, batch, rows)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = decoder_states(body, batch, rows)
    assert sizes == [70, 128]
    assert (found - expected).norm() < 0.02 * expected.norm()
