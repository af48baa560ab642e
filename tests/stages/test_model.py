"""What training starts from: which head it goes on with, and what is said of it."""

import json
import logging
import shutil
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

from rmexp.config.compose import compose
from rmexp.models.backbones.language_model import LanguageModel
from rmexp.models.folders.folder import save_folder
from rmexp.models.reward_model import RewardModel
from rmexp.preference_data import PreferenceData
from rmexp.stages.model import start_model
from rmexp.verbs.training.parts import stage_parts


@pytest.fixture
def started(pairs, caplog):
    """The model that a command starts from, and what is logged."""
    caplog.set_level(logging.INFO)

    def start(*overrides):
        parts = stage_parts(compose("train", overrides))
        return start_model(parts, PreferenceData({"train": pairs, "val": pairs}), None), caplog.text

    return start


@pytest.fixture
def valued(reference_folder, tmp_path):
    """A policy with a value head, as TRL's PPO leaves one."""
    folder = tmp_path / "valued"
    shutil.copytree(reference_folder, folder, ignore=shutil.ignore_patterns("contract.json"))
    head = {"v_head.summary.weight": torch.ones(1, 16), "v_head.summary.bias": torch.zeros(1)}
    save_file(load_file(folder / "model.safetensors") | head, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize("where", ["model.init_from={}", "model.reference={}", "model=hub model.path={}"])
def test_a_reward_model_goes_on_with_its_head_however_it_is_named(started, reward_folder, where):
    start, said = started("task=reward", *where.format(reward_folder).split(), "seed=5")
    assert torch.equal(start.head.layer.weight, load_file(reward_folder / "model.safetensors")["score.weight"])
    assert f"reward: going on with the head `score` of {reward_folder}" in said


@pytest.mark.parametrize("where", ["model.init_from={}", "model=hub model.path={}"])
def test_a_language_model_gets_a_new_head(started, reference_folder, where):
    start, said = started("task=reward", *where.format(reference_folder).split())
    assert start.head is None
    assert f"reward: a new head is put on {reference_folder}" in said


def test_layers_are_checkpointed_without_a_remark_and_where_they_can_be(started, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start, _ = started("task=reward", "model.gradient_checkpointing=true")
    assert start.body.gradient_checkpointing
    monkeypatch.setattr(type(start.body), "supports_gradient_checkpointing", False)
    with pytest.raises(ValueError, match=r"again for the gradient \(set model.gradient_checkpointing=false\)"):
        started("task=reward", "model.gradient_checkpointing=true")


def test_a_new_model_gets_a_new_head(started):
    assert "reward: a new head is put on tiny" in started("task=reward")[1]


def test_a_value_head_is_gone_on_with_or_left_with_a_word(started, valued):
    start, said = started("task=reward", f"model.init_from={valued}")
    assert torch.equal(start.head.layer.weight, torch.ones(1, 16))
    assert "going on with the head `v_head.summary`" in said
    start, said = started("task=dpo", f"model.init_from={valued}")
    assert isinstance(start, LanguageModel)
    assert f"dpo: the head `v_head.summary` of {valued} is not used: a language model has none" in said


@pytest.mark.parametrize("task", ["sft", "dpo", "ppo"])
@pytest.mark.parametrize("where", ["model.init_from={}", "model=hub model.path={}"])
def test_a_policy_from_a_reward_model_is_refused_with_the_reason(started, reward_folder, task, where):
    reason = f"task={task} needs a language model, but {reward_folder} is a reward model: it gives rewards and predicts"
    with pytest.raises(ValueError, match=reason):
        started(f"task={task}", *where.format(reward_folder).split(), *(["scorer=baseline"] if task == "ppo" else []))


def test_an_encoder_of_ours_goes_on_where_its_pooling_is_said(started, tokenizer, make_contract, tmp_path):
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    body = BertModel(BertConfig(**sizes, vocab_size=320), add_pooling_layer=False)
    model, folder = RewardModel(body, pooling="mean", mask_padding=True), tmp_path / "model"
    save_folder(folder, model.save, tokenizer, make_contract("reward_model", pooling="mean"))
    for where in ("model.path", "model.init_from"):
        start, _ = started("task=reward", "model=encoder", f"{where}={folder}")
        assert torch.equal(start.head.layer.weight, model.head.weight)
        with pytest.raises(ValueError, match=r"model.pooling is last_token \(set model.pooling=mean\)"):
            started("task=reward", "model=encoder", f"{where}={folder}", "model.pooling=last_token")


@pytest.mark.parametrize(
    ("choice", "told"), [("", True), ("model.chat_template=plain", False), ("model.chat_template=a.jinja", False)]
)
def test_a_model_without_a_chat_template_is_told(started, reference_folder, here, choice, told):
    folder = Path("bare")
    shutil.copytree(reference_folder, folder, ignore=shutil.ignore_patterns("contract.json", "*.jinja"))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    Path("a.jinja").write_text("{% for message in messages %}{{ message.content }}{% endfor %}")
    _, said = started("task=reward", "model=hub", f"model.path={folder}", *choice.split())
    sentence = (
        "bare has no chat template: a prompt is its text, several turns are `role: content` lines, and the response"
    )
    assert (sentence in said) == told


def test_a_model_with_a_template_is_not_warned_of(started, reference_folder):
    assert "no chat template" not in started("task=reward")[1]
    assert "no chat template" not in started("task=reward", "model=hub", f"model.path={reference_folder}")[1]
