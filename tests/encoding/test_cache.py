import logging
from dataclasses import replace
from pathlib import Path

import pytest

from rmexp import checked_arrays
from rmexp.encoding import cache
from rmexp.encoding.encode import Encoder
from rmexp.encoding.side_tokens import SideTokens
from rmexp.records import Candidates, Preference
from rmexp.stored_records import stored

ITEMS = [("How long is rope?", "short"), ("", "It is long."), ("How long is rope?", "short"), ("u", "x " * 200)]
RECORDS = [Candidates(prompt, (response,)) for prompt, response in ITEMS]


@pytest.fixture
def cached(limits, tmp_path):
    """Limits that drop the last item, and a folder."""
    return replace(limits, truncation="drop", cache_dir=str(tmp_path))


def test_what_comes_back_is_what_was_encoded(tokenizer, cached, monkeypatch):
    encoder = Encoder(tokenizer, cached)
    first = list(encoder.encode_records(RECORDS))
    uncached = Encoder(tokenizer, replace(cached, cache_dir=None)).encode_records(RECORDS)
    assert first == encoder.encode(ITEMS) == list(uncached)
    assert first[3] is None
    monkeypatch.setattr(SideTokens, "of", None)  # calling it would fail
    assert list(encoder.encode_records(RECORDS)) == first


def test_nothing_but_dropped_responses(tokenizer, cached):
    encoder = Encoder(tokenizer, cached)
    assert [list(encoder.encode_records(RECORDS[3:])) for _ in range(2)] == [[None], [None]]
    assert list(encoder.encode_records([])) == []


def test_text_and_template_have_their_own_files_and_limits_share_one(tokenizer, plain_tokenizer, cached, tmp_path):
    encoder = Encoder(tokenizer, cached)
    encoder.encode_records(RECORDS)
    encoder.encode_records(RECORDS[:2])
    for other in (replace(cached, max_tokens=64), replace(cached, truncation="cut_prompt")):
        assert list(Encoder(tokenizer, other).encode_records(RECORDS)) == Encoder(tokenizer, other).encode(ITEMS)
    Encoder(plain_tokenizer, cached).encode_records(RECORDS)
    assert len(list(tmp_path.glob("*.tokens"))) == 3
    encoder.encode_records(RECORDS)
    assert len(list(tmp_path.glob("*.tokens"))) == 3


def test_another_version_of_the_code_has_its_own_files(tokenizer, cached, tmp_path, monkeypatch):
    folder = Path(cache.__file__).parent
    engines = "engines/engine", "engines/joined", "engines/words"
    texts = "frames", "marked_text", "parted_text", "pinned_date", "rendering", "side_tokens"
    decides = ("encode", *engines, *texts, "token_rows")
    assert set(cache.CODE) == {folder / f"{name}.py" for name in decides}
    encoder = Encoder(tokenizer, cached)
    encoder.encode_records(RECORDS)
    (tmp_path / "changed.py").write_text("another rule")
    monkeypatch.setattr(cache, "CODE", (*cache.CODE[1:], tmp_path / "changed.py"))
    encoder.encode_records(RECORDS)
    assert len(list(tmp_path.glob("*.tokens"))) == 2


def test_a_process_that_dies_while_writing_leaves_no_file(tokenizer, cached, tmp_path, monkeypatch):
    def torn(array):
        raise KeyboardInterrupt

    encoder = Encoder(tokenizer, cached)
    monkeypatch.setattr(checked_arrays, "_content", torn)
    with pytest.raises(KeyboardInterrupt):
        encoder.encode_records(RECORDS)
    assert not list(tmp_path.glob("*.tokens"))
    monkeypatch.undo()
    assert list(encoder.encode_records(RECORDS)) == encoder.encode(ITEMS)


def test_neighbours_are_encoded_with_all_others_once(tokenizer, cached, tmp_path):
    pairs = stored(Preference(f"{number}?", "a" * number, "b") for number in range(1, 90))
    encoder = Encoder(tokenizer, cached)
    parts = [*encoder.encode_records(pairs[:3]), *encoder.encode_records(pairs[3:80][1:]), *encoder.encode_records([])]
    alone = Encoder(tokenizer, replace(cached, cache_dir=None)).encode(
        [(pair.prompt, response) for pair in (*pairs[:3], *pairs[4:80]) for response in pair.responses]
    )
    assert parts == alone
    assert len(list(tmp_path.glob("*.tokens"))) == 1
    lists = stored(Candidates("p", ("a",) * number) for number in range(1, 5))
    assert len(encoder.encode_records(lists[1:3])) == 5
    assert len(encoder.encode_records(pairs[::2])) == 90


@pytest.mark.parametrize("damage", [b"", b"PK no zip"])
def test_a_damaged_file_is_named_and_made_again(tokenizer, cached, tmp_path, caplog, damage, monkeypatch):
    monkeypatch.setattr(logging.getLogger("rmexp"), "propagate", True)
    encoder = Encoder(tokenizer, cached)
    first = list(encoder.encode_records(RECORDS))
    (file,) = tmp_path.glob("*.tokens")
    file.write_bytes(damage)
    assert list(encoder.encode_records(RECORDS)) == first
    assert f"{file.name} is damaged" in caplog.text
    assert file.stat().st_size > 100
