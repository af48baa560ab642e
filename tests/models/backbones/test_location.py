import json

import pytest

from rmexp.models.backbones.location import model_inputs


def model(folder, **files):
    """A folder with files of some content, of which only `config` has to be there."""
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def changed(before, folder):
    after = model_inputs("model", str(folder))
    return {name for name in before | after if before.get(name) != after.get(name)}


@pytest.mark.parametrize(
    ("file", "input_name"),
    [
        ("config.json", "model"),
        ("model.safetensors", "model"),
        ("pytorch_model.bin", "model"),
        ("tokenizer.json", "model.tokenizer"),
        ("tokenizer_config.json", "model.tokenizer"),
        ("special_tokens_map.json", "model.tokenizer"),
        ("added_tokens.json", "model.tokenizer"),
        ("chat_template.jinja", "model.tokenizer"),
        ("own_chat_template.jinja", "model.tokenizer"),
        ("additional_chat_templates/rag.jinja", "model.tokenizer"),
        ("vocab.txt", "model.tokenizer"),
        ("merges.txt", "model.tokenizer"),
        ("spiece.model", "model.tokenizer"),
    ],
)
def test_whatever_decides_what_a_model_gives_is_an_input(tmp_path, file, input_name):
    folder = model(tmp_path / "m", tokenizer__json="{}")
    before = model_inputs("model", str(folder))
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text("another")
    assert changed(before, folder) == {input_name}


def test_a_readme_decides_nothing(tmp_path):
    folder = model(tmp_path / "m", tokenizer__json="{}")
    before = model_inputs("model", str(folder))
    (folder / "README.md").write_text("another")
    assert not changed(before, folder)


def test_an_adapter_has_the_inputs_of_its_base(tmp_path):
    base, adapter = model(tmp_path / "base", tokenizer__json="{}"), tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(base)}))
    before = model_inputs("model", str(adapter))
    assert list(before) == ["model", "model.base", "model.base.tokenizer"]
    (base / "model.safetensors").write_text("another")
    assert changed(before, adapter) == {"model.base"}


def test_no_model_and_one_of_the_hub_have_one_input():
    assert model_inputs("reference", None) == {"reference": None}
    assert list(model_inputs("model", "organisation/name")) == ["model"]
