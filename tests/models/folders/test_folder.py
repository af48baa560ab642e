import errno
import json
import shutil

import pytest
import torch
from safetensors import SafetensorError

from rmexp.models.backbones.location import folder_fingerprint
from rmexp.models.folders.folder import load_language_model, load_reward_model, save_folder


@pytest.fixture
def changed(tmp_path):
    """A copy of a folder with other fields in one of its JSON files."""

    def change(folder, file, **fields):
        copied = tmp_path / "model"
        shutil.copytree(folder, copied)
        content = json.loads((copied / file).read_text())
        (copied / file).write_text(json.dumps(content | fields))
        return str(copied)

    return change


def test_a_language_model_is_read_back(reference_folder, tiny_model, batch):
    loaded = load_language_model(str(reference_folder))
    assert (loaded.base_model, loaded.fingerprint) == ("tiny", folder_fingerprint(str(reference_folder)))
    with torch.no_grad():
        expected = tiny_model.causal_lm(input_ids=batch.token_ids[None]).logits
        assert torch.equal(loaded.causal_lm(input_ids=batch.token_ids[None]).logits, expected)


def test_a_folder_of_transformers_alone_needs_no_contract(tmp_path, tiny_model, reward_folder):
    tiny_model.causal_lm.save_pretrained(tmp_path)
    tiny_model.tokenizer.save_pretrained(tmp_path)
    assert load_language_model(str(tmp_path)).base_model == str(tmp_path)
    shutil.copytree(reward_folder, tmp_path / "reward", ignore=shutil.ignore_patterns("contract.json"))
    assert load_reward_model(str(tmp_path / "reward"))[0].head.out_features == 1


def test_a_model_of_the_other_kind_is_refused(reference_folder, reward_folder):
    with pytest.raises(ValueError, match="expected a reward model, but its contract says language_model"):
        load_reward_model(str(reference_folder))
    with pytest.raises(ValueError, match="expected a language model, but its contract says reward_model"):
        load_language_model(str(reward_folder))


@pytest.mark.parametrize("load", [load_language_model, load_reward_model])
def test_another_tokenizer_than_promised_is_refused_with_both_values(load, changed, reference_folder, reward_folder):
    folder = reference_folder if load is load_language_model else reward_folder
    with pytest.raises(ValueError, match=r"contract.json promises eos 77, but the tokenizer there has 2"):
        load(changed(folder, "contract.json", eos=77))


def test_another_chat_template_than_promised_is_refused(changed, reward_folder):
    copied = changed(reward_folder, "contract.json")
    with open(f"{copied}/chat_template.jinja", "a") as file:
        file.write("Be brief.")
    with pytest.raises(ValueError, match=r"promises chat_template [0-9a-f]{16}, but the tokenizer there"):
        load_reward_model(copied)


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path, tokenizer, make_contract):
    def write(name):
        return lambda folder: (folder / name).write_text("weights")

    def fail(folder):
        write("half")(folder)
        raise RuntimeError("disk full")

    folder, contract = tmp_path / "model", make_contract("reward_model")
    save_folder(folder, write("config.json"), tokenizer, contract)
    before = {path.name for path in folder.iterdir()}
    assert {"config.json", "contract.json", "tokenizer.json"} <= before
    with pytest.raises(RuntimeError, match="disk full"):
        save_folder(folder, fail, tokenizer, contract)
    assert {path.name for path in folder.iterdir()} == before
    (folder / "stale").write_text("")
    fingerprint = save_folder(folder, write("config.json"), tokenizer, contract)
    assert {path.name for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert fingerprint == folder_fingerprint(str(folder))


def test_the_fingerprint_sees_weights_and_configuration(changed, reference_folder, tmp_path):
    before = folder_fingerprint(str(reference_folder))
    copied = tmp_path / "same"
    shutil.copytree(reference_folder, copied)
    assert folder_fingerprint(str(copied)) == before
    assert folder_fingerprint(changed(reference_folder, "config.json", rope_theta=1.0)) != before
    weights = bytearray((copied / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copied / "model.safetensors").write_bytes(weights)
    assert folder_fingerprint(str(copied)) != before


@pytest.mark.parametrize("kind", [SafetensorError, Exception])  # the latter is what tokenizers raises
def test_a_full_disk_is_told_as_everywhere_else_and_leaves_nothing(tmp_path, tokenizer, make_contract, kind):
    def fill(written):
        (written / "half").write_text("")
        raise kind("I/O error: No space left on device (os error 28)")

    with pytest.raises(OSError, match="No space left on device") as caught:
        save_folder(tmp_path / "model", fill, tokenizer, make_contract("reward_model"))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "model"))
    assert list(tmp_path.iterdir()) == []
