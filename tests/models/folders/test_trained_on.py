import json
import logging
import shutil

import numpy as np
import pytest

from rmexp.data.trained_on import trained_on
from rmexp.models.folders.folder import load_reward_model, save_folder
from rmexp.models.folders.trained_on import promise, read_trained_on, write_trained_on
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference


@pytest.fixture
def known():
    return trained_on(PreferenceData({"train": (Preference("Q", "a", "b"),), "val": (Preference("R", "c", "d"),)}))


@pytest.fixture
def folder(tmp_path, reward_folder, make_contract, tokenizer, known):
    """A reward model that says what it was trained on."""
    model, _ = load_reward_model(str(reward_folder))
    contract = make_contract("reward_model", pooling="last_token")
    save_folder(tmp_path / "model", model.save, tokenizer, contract, trained_on=known)
    return tmp_path / "model"


def test_the_contract_names_the_file_and_its_fingerprint(folder, known):
    contract = json.loads((folder / "contract.json").read_text())
    assert contract["trained_on"] == "trained_on.npz"
    assert contract["trained_on_fingerprint"] == known.fingerprint() == promise(str(folder)).fingerprint
    read = read_trained_on(str(folder))
    assert all(np.array_equal(read.arrays()[name], keys) for name, keys in known.arrays().items())


def test_the_same_keys_are_the_same_bytes(tmp_path, known):
    for name in ("a", "b"):
        write_trained_on(tmp_path / name, known)
    assert (tmp_path / "a" / "trained_on.npz").read_bytes() == (tmp_path / "b" / "trained_on.npz").read_bytes()


def test_models_made_elsewhere_claim_nothing(reward_folder, caplog):
    for place in (str(reward_folder), "org/model", "nowhere"):
        assert read_trained_on(place) is None
    assert not caplog.text


def test_a_file_that_was_left_behind_is_told(folder, caplog):
    (folder / "trained_on.npz").unlink()
    with caplog.at_level(logging.WARNING):
        assert read_trained_on(str(folder)) is None
    assert "names trained_on.npz, but there is none: what the model was trained on is not known" in caplog.text


@pytest.mark.parametrize("damage", [lambda content: content[:-30], lambda content: b"", lambda content: b"x" * 100])
def test_a_damaged_file_is_refused(folder, damage):
    path = folder / "trained_on.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"trained_on.npz: expected the keys .*, got a damaged file"):
        read_trained_on(str(folder))


def test_a_flipped_bit_is_refused(folder):
    content = bytearray((folder / "trained_on.npz").read_bytes())
    with np.load(folder / "trained_on.npz") as arrays:
        place = content.index(arrays["pairs"].tobytes())
    content[place] ^= 1
    (folder / "trained_on.npz").write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        read_trained_on(str(folder))


def test_an_adapter_knows_what_its_base_knows(tmp_path, folder, known):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(folder)}))
    assert read_trained_on(str(adapter)).fingerprint() == known.fingerprint()
    write_trained_on(adapter, trained_on(PreferenceData({"train": (Preference("S", "e", "f"),)})))
    assert len(read_trained_on(str(adapter)).pairs) == 2


def test_the_file_of_another_model_is_refused(folder, tmp_path):
    write_trained_on(tmp_path / "other", trained_on(PreferenceData({"train": (Preference("S", "e", "f"),)})))
    shutil.copyfile(tmp_path / "other" / "trained_on.npz", folder / "trained_on.npz")
    with pytest.raises(ValueError, match=r"promises the fingerprint \w{16}, but the file has \w{16} \(copy the whole"):
        read_trained_on(str(folder))
