import gzip
import json
import re

import pytest

from rmexp.data.loading import SplitRule
from rmexp.data.split import with_splits
from rmexp.sources.text import passages_of, text

PROSE = "One day. It rained a lot, they say.\n\nThen it stopped!\nNobody knew why. " * 20


@pytest.mark.parametrize("characters", [1, 7, 40, 200, 10_000])
def test_nothing_but_white_space_is_lost(characters):
    passages = list(passages_of(PROSE, characters))
    assert all(0 < len(passage) <= characters for passage in passages)
    assert re.sub(r"\s", "", "".join(passages)) == re.sub(r"\s", "", PROSE)


def test_paragraphs_before_lines_before_sentences_before_words():
    assert list(passages_of("ab cd.\n\nef gh.\nij. kl mn", 20)) == ["ab cd.\n\nef gh.", "ij. kl mn"]
    assert list(passages_of("ab cd. ef gh ij", 13)) == ["ab cd.", "ef gh ij"]
    assert list(passages_of("ab cd ef gh", 9)) == ["ab cd ef", "gh"]
    assert list(passages_of("x" * 12, 5)) == ["x" * 5, "x" * 5, "xx"]


def test_files_of_all_kinds_in_their_order(tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one\n\ntwo"))
    (tmp_path / "b.json").write_text(json.dumps([{"q": "why?", "a": "so", "c": ""}, {"q": "", "a": "x", "c": "z"}]))
    (tmp_path / "c.jsonl").write_text('{"q": "u", "a": "v", "c": "w"}\n')
    paths = [str(tmp_path / name) for name in ("a.txt.gz", "b.json", "c.jsonl")]
    data = text(paths=paths, fields=["q", "a"], passage_characters=100, encoding="utf-8")
    assert [record.responses for record in data.demonstrations["all"]] == [
        ("one\n\ntwo",), ("why?\nso",), ("x",), ("u\nv",),
    ]  # fmt: skip
    assert [record.meta["document"] for record in data.demonstrations["all"]] == [
        "a.txt.gz",
        "b.json:1",
        "b.json:2",
        "c.jsonl:1",
    ]


def test_passages_are_split_one_by_one_or_by_document(tmp_path):
    (tmp_path / "a.txt").write_text(PROSE)
    (tmp_path / "b.txt").write_text(PROSE.upper())
    paths = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    data = text(paths=paths, fields=None, passage_characters=80, encoding="utf-8")
    rule = SplitRule(0.2, None, 0)
    split = with_splits(data, rule, "test").demonstrations
    assert sorted(split) == ["train", "val"]
    assert sum(map(len, split.values())) == len(data.demonstrations["all"])
    from dataclasses import replace

    by_document = with_splits(data, replace(rule, group="meta.document"), "test").demonstrations
    assert len({record.meta["document"] for record in by_document["val"]}) == 1


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        ('{"q": 1}', ["q"], r"a\.jsonl:1: expected text in the field `q`, got 1 \(set data.fields\)"),
        ('{"q": "x"}', ["z"], r"a\.jsonl:1: expected text in the field `z`, got only q"),
        ('{"q": "x"}', None, "holds rows: expected the names of the fields"),
        ("{", ["q"], r"a\.jsonl:1: not JSON"),
        ('{"q": " "}', ["q"], "expected text, but there is none in"),
    ],
)
def test_what_is_no_text_is_told(tmp_path, content, fields, message):
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(ValueError, match=message):
        text(paths=[str(tmp_path / "a.jsonl")], fields=fields, passage_characters=10, encoding="utf-8")


def test_bytes_that_are_no_text_and_missing_files_are_told(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"ok \xff")
    with pytest.raises(ValueError, match=r"a\.txt: expected UTF-8 text, but byte 4 is not"):
        text(paths=[str(tmp_path / "a.txt")], fields=None, passage_characters=10, encoding="utf-8")
    with pytest.raises(ValueError, match=r"does not exist \(set data.paths\)"):
        text(paths=[str(tmp_path / "b.txt")], fields=None, passage_characters=10, encoding="utf-8")
    with pytest.raises(ValueError, match="at least one file"):
        text(paths=[], fields=None, passage_characters=10, encoding="utf-8")


@pytest.mark.parametrize(("encoding", "remedy"), [("utf-16", "utf-16"), ("latin-1", "latin-1 or cp1252 reads it")])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_another_encoding_is_named_and_can_be_said(tmp_path, encoding, remedy, name):
    content = "Schön." if name == "a.txt" else json.dumps({"t": "Schön."}, ensure_ascii=False)
    (tmp_path / name).write_bytes(f"{content}\n".encode(encoding))
    options = {"paths": [str(tmp_path / name)], "fields": ["t"], "passage_characters": 100}
    with pytest.raises(ValueError, match=f"data.encoding={remedy}"):
        text(**options, encoding="utf-8")
    (passage,) = text(**options, encoding=encoding).demonstrations["all"]
    assert passage.responses == ("Schön.",)
