"""A tokenizer that was learnt once is that which would be learnt again."""

import pytest

from rmexp.config.compose import compose
from rmexp.data.loaded import LoadedData
from rmexp.data.loading import Batching, Limits, SplitRule
from rmexp.models.backbones import byte_pairs as module
from rmexp.models.backbones.kept_tokenizer import KnownTexts
from rmexp.models.backbones.tiny import train_tokenizer
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference
from rmexp.stages import texts_to_learn
from rmexp.stages.model import start_model
from rmexp.verbs.training.parts import stage_parts

TEXTS = ["How long is rope?", "It is long.", '{"é": "好"}', "a b  c\n\n" * 9] * 3


@pytest.fixture
def learnt(monkeypatch):
    """How often a tokenizer is learnt."""
    count, learn = [], module._learnt
    monkeypatch.setattr(module, "_learnt", lambda *told: count.append(1) or learn(*told))
    return count


def content(tokenizer):
    return tokenizer.backend_tokenizer.to_str(), tokenizer.init_kwargs


def test_it_is_learnt_once_from_the_same_texts(tmp_path, learnt):
    known = KnownTexts(lambda: iter(TEXTS), str(tmp_path / "cache"), "these")
    first, again = (train_tokenizer(known, 300, 64) for _ in range(2))
    assert len(learnt) == 1
    plain = train_tokenizer(TEXTS, 300, 64)
    assert content(first) == content(again) == content(plain)
    assert again(TEXTS).input_ids == plain(TEXTS).input_ids
    for others in ((known, 290, 64), (KnownTexts(lambda: iter(TEXTS), str(tmp_path / "cache"), "others"), 300, 64)):
        train_tokenizer(*others)
    assert len(learnt) == 4
    assert len(list((tmp_path / "cache").iterdir())) == 3


def test_a_damaged_one_is_named_and_learnt_again(tmp_path, learnt, caplog):
    known = KnownTexts(lambda: iter(TEXTS), str(tmp_path), "these")
    first = train_tokenizer(known, 300, 64)
    (path,) = tmp_path.glob("*.tokenizer")
    whole = path.read_bytes()
    for place in (0, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert content(train_tokenizer(known, 300, 64)) == content(first)
        assert f"{path} is damaged" in caplog.text
        assert path.read_bytes() == whole
        caplog.clear()


def test_a_stage_keeps_it_of_many_records_alone(tmp_path, learnt, monkeypatch):
    parts = stage_parts(compose("train", ["model=tiny"]))
    pairs = [Preference(f"{number}?", "yes", "no") for number in range(9)]
    data = PreferenceData({"train": pairs, "val": pairs})
    for _ in range(2):
        start_model(parts, data, str(tmp_path))
    assert len(learnt) == 2
    monkeypatch.setattr(texts_to_learn, "KEPT_RECORDS", 5)
    for _ in range(2):
        start_model(parts, data, str(tmp_path))
    assert len(learnt) == 3
    start_model(parts, PreferenceData({"train": pairs[:8], "val": pairs}), str(tmp_path))
    assert len(learnt) == 4


def test_it_is_learnt_again_where_other_code_chooses_the_texts(tmp_path, monkeypatch):
    monkeypatch.setattr(texts_to_learn, "KEPT_RECORDS", 5)
    data = PreferenceData({"train": [Preference(f"{number}?", "yes", "no") for number in range(9)]})
    before = texts_to_learn.texts_to_learn(data, str(tmp_path))
    assert texts_to_learn.texts_to_learn(data, str(tmp_path)).digest == before.digest
    other = tmp_path / "texts_to_learn.py"
    other.write_text("")
    monkeypatch.setattr(texts_to_learn, "__file__", str(other))
    assert texts_to_learn.texts_to_learn(data, str(tmp_path)).digest != before.digest


def loaded(folder):
    records = PreferenceData({"train": [Preference(f"{number}?", "yes", "no") for number in range(9)]})
    limits = Limits(512, "cut_prompt", folder and str(folder), 16)
    return LoadedData(records, "few", limits, Batching(16, None, None, None), SplitRule(0.2, None, 0), "1")


@pytest.mark.parametrize("processors", [1, 2])
def test_it_is_learnt_in_another_process_while_modules_are_imported(tmp_path, learnt, monkeypatch, processors):
    monkeypatch.setattr("rmexp.hardware.side_by_side.processors", lambda: processors)
    monkeypatch.setattr(texts_to_learn, "TOKENIZER_RECORDS", 9)
    monkeypatch.setattr(texts_to_learn, "KEPT_RECORDS", 5)
    parts = stage_parts(compose("train", ["model=tiny"]))
    data = loaded(tmp_path)
    with texts_to_learn.learnt_beside(1024, data):
        pass
    assert len(list(tmp_path.glob("*.tokenizer"))) == processors - 1
    start_model(parts, data.records, str(tmp_path))
    assert len(learnt) == 2 - processors


def test_nothing_is_learnt_ahead_where_nothing_is_kept_or_little_to_learn_from(tmp_path, monkeypatch):
    monkeypatch.setattr("rmexp.hardware.side_by_side.processors", lambda: 2)
    monkeypatch.setattr(texts_to_learn, "beside", lambda work: pytest.fail("a process was forked off"))
    with texts_to_learn.learnt_beside(1024, loaded(tmp_path)):
        pass
    monkeypatch.setattr(texts_to_learn, "TOKENIZER_RECORDS", 9)
    for vocabulary, data in ((None, loaded(tmp_path)), (1024, loaded(None))):
        with texts_to_learn.learnt_beside(vocabulary, data):
            pass
