import json
from types import SimpleNamespace

import pytest

from rmexp.data.trained_on import trained_on
from rmexp.models.backbones.start import StartingFolders
from rmexp.models.folders.trained_on import write_trained_on
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference
from rmexp.stages.model_folders import seen_before, seen_by

EARLIER = PreferenceData({"train": (Preference("Q", "a", "b"),), "val": (Preference("R", "c", "d"),)})
NOW = PreferenceData({"train": (Preference("S", "e", "f"),)})


def parts(start=None, reference=None, path=None, ppo=None):
    folders = StartingFolders(start, reference)
    return SimpleNamespace(folders=folders, model=SimpleNamespace(path=path), ppo=ppo)


@pytest.fixture
def start(tmp_path):
    write_trained_on(tmp_path / "start", trained_on(EARLIER))
    return str(tmp_path / "start")


@pytest.mark.parametrize("place", ["start", "reference", "path"])
def test_a_model_knows_what_its_start_was_trained_on(start, place):
    seen = seen_by(parts(**{place: start}), NOW)
    marks = [seen.mark(pair) for data in (EARLIER, NOW) for pairs in data.splits.values() for pair in pairs]
    assert marks == ["pair", "validation", "pair"]
    assert seen_before(parts(**{place: start})).fingerprint() == trained_on(EARLIER).fingerprint()


@pytest.mark.parametrize("path", [None, "org/model"])
def test_of_a_start_that_says_nothing_only_the_own_data_is_known(path):
    assert seen_before(parts(path=path)) is None
    assert seen_by(parts(path=path), NOW).fingerprint() == trained_on(NOW).fingerprint()


def test_a_policy_that_learns_from_its_samples_adds_prompts_to_the_pairs_of_its_start(start):
    seen = seen_by(parts(start=start, reference=start, ppo=object()), NOW)
    assert seen.mark(EARLIER.splits["train"][0]) == "pair"
    assert seen.mark(NOW.splits["train"][0]) == "prompt"


def test_an_adapter_knows_what_its_base_was_trained_on_too(start, tmp_path):
    adapter = tmp_path / "adapter"
    write_trained_on(adapter, trained_on(NOW))
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": start}))
    marks = [seen_before(parts(start=str(adapter))).mark(data.splits["train"][0]) for data in (EARLIER, NOW)]
    assert marks == ["pair", "pair"]
