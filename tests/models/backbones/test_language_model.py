import copy

import pytest
import torch
from torch import nn
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    OPTConfig,
    OPTForCausalLM,
    XGLMConfig,
    XGLMForCausalLM,
)

from rmexp.models.backbones.language_model import disable_dropout
from rmexp.models.likelihood import Likelihood


@pytest.mark.parametrize(
    "make",
    [
        lambda: GPT2LMHeadModel(GPT2Config(vocab_size=300, n_positions=32, n_embd=16, n_layer=1, n_head=2)),
        lambda: LlamaForCausalLM(
            LlamaConfig(
                vocab_size=300,
                hidden_size=16,
                intermediate_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                attention_dropout=0.5,
            )
        ),
        lambda: XGLMForCausalLM(
            XGLMConfig(
                vocab_size=300,
                d_model=16,
                ffn_dim=32,
                num_layers=1,
                attention_heads=2,
                dropout=0.0,
                attention_dropout=0.0,
                activation_dropout=0.5,
            )
        ),
        lambda: OPTForCausalLM(
            OPTConfig(
                vocab_size=300,
                hidden_size=16,
                word_embed_proj_dim=16,
                ffn_dim=32,
                num_hidden_layers=4,
                num_attention_heads=2,
                dropout=0.0,
                layerdrop=0.5,
            )
        ),
    ],
)
def test_without_dropout_two_passes_agree(batch, make):
    torch.manual_seed(0)
    model = make().train()
    likelihood = Likelihood(model, "padded")
    with torch.no_grad():
        assert not torch.equal(likelihood.response(batch), likelihood.response(batch))
        disable_dropout(model)
        assert torch.equal(likelihood.response(batch), likelihood.response(batch))
    assert model.training


def test_only_dropout_is_changed(tiny_model):
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.3), copy.deepcopy(tiny_model.causal_lm))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    disable_dropout(model)
    assert model[1].p == 0.0
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
