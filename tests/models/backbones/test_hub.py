import json
import shutil
import time
from unittest.mock import Mock

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError
from transformers.utils import logging as transformers_logging

from rmexp.models.backbones.hub import hub
from rmexp.models.backbones.pretrained import find_source, from_pretrained, resolve_commit

OPTIONS = {"revision": None, "dtype": "float32", "trust_remote_code": False}


def load(path, **options):
    return hub((), 0, path=str(path), **(OPTIONS | options))


def test_a_folder_gives_its_weights_and_tokenizer(reference_folder, tiny_model, tokenizer):
    loaded = load(reference_folder)
    assert (loaded.base_model, loaded.revision) == (str(reference_folder), None)
    expected = tiny_model.causal_lm.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in loaded.causal_lm.state_dict().items())
    assert loaded.tokenizer("It is long. é").input_ids == tokenizer("It is long. é").input_ids


def test_dtype(reference_folder):
    assert load(reference_folder, dtype="bfloat16").causal_lm.dtype == torch.bfloat16
    with pytest.raises(ValueError, match=r"model.dtype must be one of float32, bfloat16, float16, got int8"):
        load(reference_folder, dtype="int8")


def refused(path):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the caller looks at the message
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_paths_without_a_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    assert refused("run") == "run is no model folder: it has no config.json"
    (tmp_path / "run" / "model").mkdir()
    (tmp_path / "run" / "model" / "config.json").write_text("{}")
    assert refused("run") == "run is no model folder: it has no config.json; did you mean run/model"
    (tmp_path / "file").write_text("")
    for path in ("./absent", str(tmp_path / "absent"), "~/absent/model", "a/b/c", "file"):
        assert refused(path) == f"{path}: expected a model folder or a hub id, but there is no such folder"


def test_a_hub_id_offline_is_one_quick_sentence():
    start = time.perf_counter()
    message = refused("rmexp-tests/no-such-model")
    assert time.perf_counter() - start < 2
    assert message.startswith("rmexp-tests/no-such-model is no local folder, is not in the hub's local cache")
    assert "(HF_HUB_OFFLINE is set); connect to a network, or name a folder" in message


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectionError("no route"), r"the hub cannot be reached \(ConnectionError\)"),
        (
            RepositoryNotFoundError("404", response=Mock()),
            "at revision v1 is neither a local folder nor a hub repository",
        ),
        (
            RevisionNotFoundError("404", response=Mock()),
            "at revision v1 is neither a local folder nor a hub repository",
        ),
    ],
)
def test_what_the_hub_answers_is_told_apart(monkeypatch, error, message):
    monkeypatch.setattr("rmexp.models.backbones.pretrained.model_info", Mock(side_effect=error))
    with pytest.raises(ValueError, match=message):
        resolve_commit("rmexp-tests/no-such-model", "v1")


def test_a_commit_in_the_cache_needs_no_network(monkeypatch, tmp_path):
    cached = tmp_path / "snapshots" / "0123abcd" / "config.json"
    monkeypatch.setattr("rmexp.models.backbones.pretrained.try_to_load_from_cache", lambda *args, **kwargs: str(cached))
    assert resolve_commit("rmexp-tests/no-such-model", None) == "0123abcd"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b"{}"),
        ("config.json", b'{"model_type": "no_such_type"}'),
        ("model.safetensors", None),
        ("model.safetensors", b"cut off"),
        ("tokenizer.json", None),
    ],
)
def test_a_damaged_folder_is_one_sentence(tmp_path, reference_folder, name, content):
    folder = tmp_path / "model"
    shutil.copytree(reference_folder, folder)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    damage = {b"{": "not JSON", b"cut off": "header too small"}.get(content)
    start = f"{folder}/{name} is damaged: {damage}" if damage else f"{folder} cannot be loaded with Auto"
    assert refused(folder).startswith(start)


def test_missing_weights_are_not_drawn_at_random(tmp_path, tiny_model):
    config = type(tiny_model.causal_lm.config).from_dict(
        tiny_model.causal_lm.config.to_dict() | {"tie_word_embeddings": False}
    )
    type(tiny_model.causal_lm.base_model)(config).save_pretrained(tmp_path)
    tiny_model.tokenizer.save_pretrained(tmp_path)
    assert refused(tmp_path) == f"{tmp_path} is no language model: it has no weights for lm_head.weight"


def test_an_error_that_says_too_little_goes_with_its_name():
    class Broken:
        @staticmethod
        def from_pretrained(path):
            raise KeyError(path)

    with pytest.raises(ValueError, match="x cannot be loaded with Broken: KeyError: 'x'") as raised:
        from_pretrained(Broken, "x")
    assert isinstance(raised.value.__cause__, KeyError)


def test_no_bar_is_drawn_for_weights_and_those_of_the_program_stay(reference_folder, capfd, monkeypatch):
    monkeypatch.setattr(transformers_logging, "_tqdm_active", True)
    monkeypatch.setattr(huggingface_hub.utils.tqdm, "HF_HUB_DISABLE_PROGRESS_BARS", None, raising=False)
    load(reference_folder)
    assert capfd.readouterr().err == ""
    assert transformers_logging.is_progress_bar_enabled()


def test_weights_of_other_shapes_are_told(reference_folder, tmp_path):
    folder = shutil.copytree(reference_folder, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 10}))
    assert "its weights have other shapes than its config.json says" in refused(folder)


def test_the_empty_tokenizer_that_transformers_makes_of_nothing_is_none(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "qwen2"}')
    with pytest.raises(ValueError, match=f"{tmp_path}: expected a tokenizer with a vocabulary, such as a file tok"):
        find_source(str(tmp_path), None, "float32", trust_remote_code=False).tokenizer()
