import logging
from dataclasses import replace
from pathlib import Path

import pytest

from rmexp.encoding import cache as encoded_cache
from rmexp.encoding import encode
from rmexp.encoding.encode import Encoder

ITEMS = [("How long is rope?", "short"), ("", "It is long."), ("How long is rope?", "short"), ("u", "x " * 200)]


@pytest.fixture
def cached(limits, tmp_path):
    """Limits that drop the last item, and a folder."""
    return replace(limits, truncation="drop", cache_dir=str(tmp_path))


def test_what_comes_back_is_what_was_encoded(tokenizer, cached, monkeypatch):
    encoder = Encoder(tokenizer, cached)
    first = encoder.encode_cached(ITEMS)
    assert first == encoder.encode(ITEMS) == Encoder(tokenizer, replace(cached, cache_dir=None)).encode_cached(ITEMS)
    assert first[3] is None
    monkeypatch.setattr(Encoder, "encode", None)  # calling it would fail
    assert encoder.encode_cached(ITEMS) == first


def test_nothing_but_dropped_responses(tokenizer, cached):
    encoder = Encoder(tokenizer, cached)
    assert [encoder.encode_cached(ITEMS[3:]) for _ in range(2)] == [[None], [None]]
    assert encoder.encode_cached([]) == []


def test_text_limits_template_and_rule_have_their_own_files(tokenizer, plain_tokenizer, cached, tmp_path):
    encoder = Encoder(tokenizer, cached)
    encoder.encode_cached(ITEMS)
    encoder.encode_cached(ITEMS[:2])
    Encoder(tokenizer, replace(cached, max_tokens=64)).encode_cached(ITEMS)
    Encoder(tokenizer, replace(cached, truncation="cut_prompt")).encode_cached(ITEMS)
    Encoder(plain_tokenizer, cached).encode_cached(ITEMS)
    assert len(list(tmp_path.glob("*.tokens"))) == 5
    encoder.encode_cached(ITEMS)
    assert len(list(tmp_path.glob("*.tokens"))) == 5


def test_another_version_of_the_code_has_its_own_files(tokenizer, cached, tmp_path, monkeypatch):
    folder = Path(encode.__file__).parent
    decides = ("encode.py", "marked_text.py", "pinned_date.py", "rendering.py", "truncation.py")
    assert set(encode.CODE) == {folder / name for name in decides}
    encoder = Encoder(tokenizer, cached)
    encoder.encode_cached(ITEMS)
    (tmp_path / "changed.py").write_text("another rule")
    monkeypatch.setattr(encode, "CODE", (*encode.CODE[1:], tmp_path / "changed.py"))
    encoder.encode_cached(ITEMS)
    assert len(list(tmp_path.glob("*.tokens"))) == 2


def test_a_process_that_dies_while_writing_leaves_no_file(tokenizer, cached, tmp_path, monkeypatch):
    def torn(file, **arrays):
        file.write(b"half of it")
        raise KeyboardInterrupt

    encoder = Encoder(tokenizer, cached)
    monkeypatch.setattr(encoded_cache.np, "savez", torn)
    with pytest.raises(KeyboardInterrupt):
        encoder.encode_cached(ITEMS)
    assert not list(tmp_path.glob("*.tokens"))
    monkeypatch.undo()
    assert encoder.encode_cached(ITEMS) == encoder.encode(ITEMS)


@pytest.mark.parametrize("damage", [b"", b"PK no zip"])
def test_a_damaged_file_is_named_and_made_again(tokenizer, cached, tmp_path, caplog, damage, monkeypatch):
    monkeypatch.setattr(logging.getLogger("rmexp"), "propagate", True)
    encoder = Encoder(tokenizer, cached)
    first = encoder.encode_cached(ITEMS)
    (file,) = tmp_path.glob("*.tokens")
    file.write_bytes(damage)
    assert encoder.encode_cached(ITEMS) == first
    assert f"{file.name} is damaged" in caplog.text
    assert file.stat().st_size > 100
