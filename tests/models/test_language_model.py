import copy

import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from rmexp.batches import ResponseBatch
from rmexp.models.language_model import disable_dropout, prompt_and_response_logprobs, response_logprobs

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def token_by_token(causal_lm, ids, start, end):
    """log p of tokens `start` to `end`, one forward pass per token, in float64."""
    total = 0.0
    for position in range(max(start, 1), end):
        scores = causal_lm(input_ids=ids[None, :position]).logits[0, -1].double()
        total += float(torch.log_softmax(scores, -1)[ids[position]])
    return total


@pytest.fixture
def causal_lm(tiny_model):
    return tiny_model.causal_lm


@torch.no_grad()
def test_one_token_after_the_other(causal_lm, batch):
    figures = prompt_and_response_logprobs(causal_lm, batch)
    for row, (ids, length, prompt) in enumerate(zip(*batch, strict=True)):
        assert figures[row, 0].item() == pytest.approx(token_by_token(causal_lm, ids, 0, prompt), abs=1e-4)
        assert figures[row, 1].item() == pytest.approx(token_by_token(causal_lm, ids, prompt, length), abs=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("prompt_lengths", [(5, 1, 3, 4), (0, 0, 0, 0), (5, 2, 3, 4), (8, 2, 6, 4), (0, 2, 3, 4)])
def test_both_functions_agree_on_the_response(causal_lm, batch, prompt_lengths):
    batch = batch._replace(prompt_lengths=torch.tensor(prompt_lengths))
    expected = prompt_and_response_logprobs(causal_lm, batch)[:, 1]
    torch.testing.assert_close(response_logprobs(causal_lm, batch), expected, **CLOSE)


@torch.no_grad()
def test_padding_and_batch_mates_change_nothing(causal_lm, batch):
    together = response_logprobs(causal_lm, batch)
    padded = torch.cat([batch.token_ids, torch.full((4, 3), 2)], dim=1)
    torch.testing.assert_close(response_logprobs(causal_lm, batch._replace(token_ids=padded)), together, **CLOSE)
    for row, length in enumerate(batch.lengths):
        alone = ResponseBatch(batch.token_ids[row : row + 1, :length], *(field[row : row + 1] for field in batch[1:]))
        torch.testing.assert_close(response_logprobs(causal_lm, alone), together[row : row + 1], **CLOSE)


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
    ],
)
def test_without_dropout_two_passes_agree(batch, make):
    torch.manual_seed(0)
    model = make().train()
    with torch.no_grad():
        assert not torch.equal(response_logprobs(model, batch), response_logprobs(model, batch))
        disable_dropout(model)
        assert torch.equal(response_logprobs(model, batch), response_logprobs(model, batch))
    assert model.training


def test_only_dropout_is_changed(tiny_model):
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.3), copy.deepcopy(tiny_model.causal_lm))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    disable_dropout(model)
    assert model[1].p == 0.0
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
