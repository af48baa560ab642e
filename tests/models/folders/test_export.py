import copy
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

from rmexp.models.folders.conversation_template import EXAMPLES
from rmexp.models.folders.export import prepare_export
from rmexp.models.folders.folder import load_reward_model, save_folder
from rmexp.models.reward_model import RewardModel


def nothing(folder: Path) -> None:
    """Compare nothing."""


@pytest.fixture
def end_as_padding(tmp_path, tiny_model, make_contract):
    """A reward model in bfloat16 whose tokenizer pads with its end token, as many do."""
    tokenizer = copy.deepcopy(tiny_model.tokenizer)
    tokenizer.pad_token = tokenizer.eos_token
    torch.manual_seed(2)
    model = RewardModel(copy.deepcopy(tiny_model.causal_lm.base_model)).to(torch.bfloat16)
    contract = make_contract("reward_model", pooling="last_token", pad=tokenizer.eos_token_id)
    save_folder(tmp_path / "model", model.save, tokenizer, contract)
    return tmp_path / "model"


def test_a_folder_meets_every_convention(end_as_padding, tmp_path):
    prepared = prepare_export(str(end_as_padding), EXAMPLES)
    prepared.write(tmp_path / "out", nothing)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["architectures"] == ["LlamaForSequenceClassification"]
    assert config["problem_type"] == "regression"
    assert config["pad_token_id"] == prepared.contract.pad == prepared.tokenizer.bos_token_id != config["eos_token_id"]
    weights = load_file(tmp_path / "out" / "model.safetensors")
    assert weights["score.weight"].shape == (1, 16)
    assert weights["score.weight"].dtype == torch.bfloat16
    assert "score.bias" not in weights
    assert (tmp_path / "out" / "chat_template.jinja").is_file()
    assert any("padding token" in remark for remark in prepared.remarks)
    load_reward_model(str(tmp_path / "out"))  # its contract holds


def test_a_padding_token_is_added_where_no_other_is_left(end_as_padding, tmp_path, monkeypatch):
    tokenizer_config = end_as_padding / "tokenizer_config.json"
    content = json.loads(tokenizer_config.read_text()) | {"bos_token": None}
    tokenizer_config.write_text(json.dumps(content))
    contract = json.loads((end_as_padding / "contract.json").read_text()) | {"bos": None}
    (end_as_padding / "contract.json").write_text(json.dumps(contract))
    prepared = prepare_export(str(end_as_padding), [EXAMPLES[0]])
    prepared.write(tmp_path / "out", nothing)
    classifier = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out")
    assert prepared.tokenizer.pad_token == "<|pad|>"
    assert classifier.get_input_embeddings().num_embeddings > prepared.contract.pad


def test_a_model_of_short_sequences_is_exported(tmp_path, tiny_model, make_contract):
    contract = make_contract("reward_model", pooling="last_token", max_tokens=16)
    model = RewardModel(copy.deepcopy(tiny_model.causal_lm.base_model))
    save_folder(tmp_path / "model", model.save, tiny_model.tokenizer, contract)
    prepared = prepare_export(str(tmp_path / "model"), EXAMPLES)
    assert max(len(row.token_ids) for row in prepared.encoder.encode(EXAMPLES)) > prepared.contract.max_tokens == 16


def test_nothing_is_left_where_scores_differ(reward_folder, tmp_path):
    def refuse(folder: Path) -> None:
        raise ValueError("scores differ")

    with pytest.raises(ValueError, match="scores differ"):
        prepare_export(str(reward_folder), EXAMPLES).write(tmp_path / "out", refuse)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_contract_is_told_by_its_architecture(reward_folder, reference_folder, tmp_path):
    for source, kind in ((reward_folder, "reward_model"), (reference_folder, "language_model")):
        copied = tmp_path / kind
        copied.mkdir()
        for file in source.iterdir():
            if file.name != "contract.json":
                (copied / file.name).write_bytes(file.read_bytes())
        assert prepare_export(str(copied), EXAMPLES).kind == kind
    config = json.loads((copied / "config.json").read_text()) | {"architectures": ["LlamaModel"]}
    (copied / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="expected a reward model or a language model"):
        prepare_export(str(copied), EXAMPLES)


def test_a_model_that_is_nowhere_is_one_quick_sentence():
    with pytest.raises(ValueError, match=r"^nowhere is no local folder, is not in the hub's local cache"):
        prepare_export("nowhere", EXAMPLES)
