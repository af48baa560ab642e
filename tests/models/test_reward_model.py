import copy
import math
from dataclasses import replace

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForSequenceClassification

from rmexp.encoding.pack import response_batch
from rmexp.models.folders.folder import load_reward_model
from rmexp.models.reward_model import RewardModel

CLOSE = {"rtol": 1e-5, "atol": 1e-6}


@pytest.fixture(scope="module")
def model(tiny_model):
    torch.manual_seed(3)
    return RewardModel(copy.deepcopy(tiny_model.causal_lm.base_model)).eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, model, tokenizer):
    path = tmp_path_factory.mktemp("reward")
    model.save(path)
    tokenizer.save_pretrained(path)
    return path


@torch.no_grad()
def test_transformers_gives_the_same_rewards(model, folder, responses, batch):
    classifier = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ids = pad_sequence([torch.tensor(row.token_ids) for row in responses], batch_first=True)
    mask = (torch.arange(9) < batch.lengths[:, None]).long()
    expected = classifier(input_ids=ids, attention_mask=mask).logits
    assert expected.shape == (4, 1)  # the padding id is 0, which is no token of the batch
    torch.testing.assert_close(model(batch), expected.squeeze(1), **CLOSE)
    assert classifier.config.problem_type == "regression"


@torch.no_grad()
def test_the_last_token_is_read_whatever_it_is(model, responses, plain):
    padding = [replace(row, token_ids=(*row.token_ids[:-1], 0)) for row in responses]
    for some in (responses, padding):
        torch.testing.assert_close(model(response_batch(some)), plain.rewards(model, some), **CLOSE)


@torch.no_grad()
@pytest.mark.parametrize("pooling", ["mean", "first_token"])
def test_a_causal_body_may_be_pooled_otherwise(tiny_model, responses, pooling):
    model = RewardModel(tiny_model.body, pooling=pooling).eval()
    assert not model.packed
    hidden = [model.body(input_ids=torch.tensor([row.token_ids])).last_hidden_state[0] for row in responses]
    pooled = torch.stack([states.mean(0) if pooling == "mean" else states[0] for states in hidden])
    torch.testing.assert_close(model(response_batch(responses)), pooled @ model.head.weight[0], **CLOSE)


@torch.no_grad()
def test_others_in_the_batch_change_nothing(model, responses, batch):
    together = model(batch)
    for row in range(4):
        torch.testing.assert_close(model(response_batch(responses[row : row + 1])), together[row : row + 1], **CLOSE)
    order = [2, 0, 3, 1]
    torch.testing.assert_close(model(response_batch([responses[row] for row in order])), together[order], **CLOSE)


@torch.no_grad()
def test_saved_and_loaded_rewards_are_identical(model, folder, batch):
    loaded = load_reward_model(str(folder))[0]
    assert torch.equal(loaded.eval()(batch), model(batch))
    assert loaded.head.bias is None


def test_saving_leaves_the_model_as_it_is(model, tmp_path, batch):
    labels = model.body.config.num_labels
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    model.save(tmp_path)
    assert model.body.config.num_labels == labels
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_two_labels_are_refused(tmp_path, tiny_model):
    config = copy.deepcopy(tiny_model.causal_lm.config)
    config.num_labels = 2
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    tiny_model.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="is no reward model: it has no head with one output"):
        load_reward_model(str(tmp_path))


def test_a_new_head_is_drawn_around_zero_without_bias(tiny_model):
    torch.manual_seed(0)
    heads = torch.stack([RewardModel(tiny_model.causal_lm.base_model).head.weight for _ in range(200)])
    assert heads.shape == (200, 1, 16)
    # standard error of a deviation over 3,200 draws: 1 / sqrt(6,400) of itself
    assert heads.std().item() == pytest.approx(17**-0.5, rel=4 / 80)
    assert abs(heads.mean().item()) < 4 * 17**-0.5 / math.sqrt(3200)


def test_gradients_reach_head_and_body(tiny_model, batch):
    model = RewardModel(copy.deepcopy(tiny_model.causal_lm.base_model))
    model(batch).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in model.parameters())
