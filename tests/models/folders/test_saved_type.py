"""Weights that are rounded are, number by number, what a folder in that type gives when it is read again."""

import copy
import json

import pytest
import torch
from safetensors.torch import load_file

from rmexp.models.backbones.pretrained import dtype_of_files, find_source
from rmexp.models.backbones.trained_weights import choose_trained
from rmexp.models.folders.folder import load_language_model, load_reward_model
from rmexp.models.folders.saved_type import cast_files, round_weights
from rmexp.models.reward_model import RewardModel

ADAPTERS = {"rank": 4, "alpha": 8, "modules": "all-linear"}


@pytest.fixture
def adapted_model(tiny_model):
    pytest.importorskip("peft", reason="the extra lora is not installed")
    torch.manual_seed(3)
    model = RewardModel(copy.deepcopy(tiny_model.causal_lm.base_model))
    choose_trained(model.body, "adapters", ADAPTERS)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3)
    return model.eval()


def saved(folder, save, tokenizer, dtype):
    save(folder)
    cast_files(folder, dtype)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("kind", ["whole", "adapted"])
def test_a_rounded_reward_model_gives_what_its_folder_gives(request, tiny_model, batch, tmp_path, kind, dtype):
    torch.manual_seed(3)
    whole = RewardModel(copy.deepcopy(tiny_model.causal_lm.base_model)).eval()
    model = request.getfixturevalue("adapted_model") if kind == "adapted" else whole
    with torch.no_grad():
        before = model(batch)
    folder = saved(tmp_path / "model", model.save, tiny_model.tokenizer, dtype)
    assert round_weights(model, dtype)
    with torch.no_grad():
        rounded = model(batch)
        assert torch.allclose(load_reward_model(folder)[0](batch), rounded, rtol=1e-5, atol=1e-6)
    assert not torch.equal(rounded, before)
    assert torch.allclose(rounded, before, rtol=0.1, atol=0.05)
    assert not round_weights(model.to(getattr(torch, dtype)), dtype)
    assert {values.dtype for values in load_file(f"{folder}/model.safetensors").values()} == {getattr(torch, dtype)}


def test_rounding_keeps_the_names_of_a_checkpoint(adapted_model):
    names = {name: values.dtype for name, values in adapted_model.state_dict().items()}
    round_weights(adapted_model, "bfloat16")
    assert {name: values.dtype for name, values in adapted_model.state_dict().items()} == names


def test_a_folder_says_the_type_of_its_weights(reference_folder, tiny_model, tmp_path):
    assert dtype_of_files(reference_folder) == "float32"
    folder = saved(tmp_path / "half", tiny_model.causal_lm.save_pretrained, tiny_model.tokenizer, "bfloat16")
    assert dtype_of_files(tmp_path / "half") == "bfloat16"
    assert json.loads((tmp_path / "half" / "config.json").read_text())["dtype"] == "bfloat16"
    loaded = load_language_model(folder)
    assert (loaded.causal_lm.dtype, loaded.save_dtype) == (torch.float32, "bfloat16")
    assert load_language_model(folder, dtype="float16").save_dtype == "float16"
    assert find_source(folder, None, "auto", trust_remote_code=False).save_dtype == "bfloat16"
    assert dtype_of_files(tmp_path) == "float32"


def test_files_in_parts_are_cast_one_by_one(tiny_model, tmp_path):
    tiny_model.causal_lm.save_pretrained(tmp_path, max_shard_size="20KB")
    parts = sorted(tmp_path.glob("*.safetensors"))
    assert len(parts) > 1
    cast_files(tmp_path, "bfloat16")
    assert {values.dtype for path in parts for values in load_file(path).values()} == {torch.bfloat16}
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == sum(v.nbytes for path in parts for v in load_file(path).values())
