import pytest
import torch
from transformers import AutoModelForCausalLM

from rmexp.models.backbones.trained_weights import choose_trained, merged
from rmexp.models.folders.folder import load_reward_model
from rmexp.models.likelihood import Likelihood
from rmexp.models.reward_model import RewardModel

ADAPTERS = {"rank": 4, "alpha": 8, "modules": "all-linear"}


@pytest.fixture
def adapted(causal_lm, taught):
    """A model whose adapters have learnt something."""
    pytest.importorskip("peft", reason="the extra lora is not installed")
    return taught(causal_lm)


def learning(model):
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def test_all_weights_learn_or_only_the_head(causal_lm):
    names = learning(causal_lm)
    choose_trained(causal_lm.base_model, "all", ADAPTERS)
    assert learning(causal_lm) == names
    choose_trained(causal_lm.base_model, "head", ADAPTERS)
    assert learning(RewardModel(causal_lm.base_model)) == {"head.weight"}


def test_adapters_learn_beside_frozen_weights_and_start_as_nothing(causal_lm, batch):
    pytest.importorskip("peft", reason="the extra lora is not installed")
    with torch.no_grad():
        before = Likelihood(causal_lm, "packed").response(batch)
    choose_trained(causal_lm.base_model, "adapters", ADAPTERS)
    assert all("lora_" in name for name in learning(causal_lm))
    assert len(learning(causal_lm)) == 2 * 7 * 2  # two matrices for seven products of two layers
    logps = Likelihood(causal_lm, "packed").response(batch)
    torch.testing.assert_close(logps.detach(), before)
    logps.sum().backward()
    assert all(parameter.grad is not None for parameter in causal_lm.parameters() if parameter.requires_grad)


@torch.no_grad()
def test_what_is_saved_holds_the_adapters_in_its_weights(adapted, batch, tmp_path):
    plain = merged(adapted)
    assert plain is not adapted
    assert not any("lora" in name for name in plain.state_dict())
    plain.save_pretrained(tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path)
    expected = Likelihood(adapted, "packed").response(batch)
    torch.testing.assert_close(Likelihood(loaded, "packed").response(batch), expected, rtol=1e-4, atol=1e-4)
    assert merged(loaded) is loaded
    assert any("lora" in name for name in adapted.state_dict())  # it can go on learning


@torch.no_grad()
def test_a_reward_model_is_saved_with_its_head_and_merged_adapters(adapted, batch, tokenizer, tmp_path):
    model = RewardModel(adapted.base_model)
    model.save(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    torch.testing.assert_close(load_reward_model(str(tmp_path))[0](batch), model(batch), rtol=1e-4, atol=1e-4)


def test_bad_choices_are_refused(causal_lm):
    with pytest.raises(ValueError, match=r"model.trained must be one of all, adapters, head, got none"):
        choose_trained(causal_lm, "none", ADAPTERS)
    pytest.importorskip("peft", reason="the extra lora is not installed")
    with pytest.raises(ValueError, match=r"not found in the base model \(set model.adapters\)"):
        choose_trained(causal_lm, "adapters", ADAPTERS | {"modules": ["nothing"]})
    with pytest.raises(ValueError, match=r"set model.adapters"):
        choose_trained(causal_lm, "adapters", ADAPTERS | {"rank": 0})
