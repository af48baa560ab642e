import dataclasses
import json
import re

import pytest

from rmexp import lines
from rmexp.jsonl import BadRow, write_rows
from rmexp.records import Preference
from rmexp.sources.files import files
from rmexp.sources.formats.columns import Columns

RECORDS = tuple(Preference(f"p{i}", "c", "r", target=i / 4, meta={"topic": i}) for i in range(4))
NAMES = ("prompt", "chosen", "rejected", "target", "margin", "id", "meta")
OTHERS = dict.fromkeys(("input", "system", "tools", "chat_template_kwargs")) | {"history": None, "implicit": False}
COLUMNS = Columns(**dict(zip(NAMES, NAMES, strict=True)), **OTHERS)
READ = {"encoding": "utf-8", "delimiter": None, "max_row_mb": 0.01, "max_unpacking": 50}
OPTIONS = {"val_path": None, "test_path": None, **READ, "on_bad_row": "error", "max_bad_share": 0.5, "format": COLUMNS}


@pytest.fixture
def file(tmp_path):
    def write(name, records=RECORDS, extra=""):
        path = tmp_path / name
        write_rows(path, [record.to_row() for record in records])
        if extra:
            path.write_text(path.read_text() + extra)
        return str(path)

    return write


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "jsonl.xz"])
def test_one_file_is_one_split_in_its_order(file, suffix):
    data = files(path=file(f"pairs.{suffix}"), **OPTIONS)
    assert data.splits == {"all": RECORDS}
    assert data.bad_rows == ()


def test_files_of_their_own_are_splits_of_their_own(file):
    path, val, test = file("a.jsonl", RECORDS[:2]), file("b.jsonl", RECORDS[2:3]), file("c.jsonl", RECORDS[3:])
    assert files(path=path, **(OPTIONS | {"val_path": val, "test_path": test})).splits == {
        "train": RECORDS[:2],
        "val": RECORDS[2:3],
        "test": RECORDS[3:],
    }
    assert set(files(path=path, **(OPTIONS | {"test_path": test})).splits) == {"all", "test"}


def test_bad_rows_stop_or_are_counted_over_all_files(file):
    bad = 'not json\n{}\n\n{"prompt": "p", "chosen": true, "rejected": "r"}\n[]\n'
    path, test = file("a.jsonl", extra=bad), file("b.jsonl", extra=bad)
    with pytest.raises(BadRow, match=r"a.jsonl:5: not JSON"):
        files(path=path, **OPTIONS)
    data = files(path=path, **(OPTIONS | {"test_path": test, "on_bad_row": "skip"}))
    assert data.splits == {"all": RECORDS, "test": RECORDS}
    assert len(data.bad_rows) == 8


def test_the_message_says_how_to_go_on(file):
    path = file("a.jsonl", extra=json.dumps({"prompt": "p", "chosen": "", "rejected": "r"}))
    hint = r"data.on_bad_row=skip leaves such rows out and counts them"
    with pytest.raises(BadRow, match=rf'a.jsonl:5: `chosen` must be a non-empty string, got "" \({hint}\)'):
        files(path=path, **OPTIONS)


def test_files_without_a_usable_row_are_refused(file, tmp_path):
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(ValueError, match=r"empty.jsonl: expected preference records, but the file has no rows"):
        files(path=str(tmp_path / "empty.jsonl"), **OPTIONS)
    (tmp_path / "bad.jsonl").write_text("x\ny\n")
    with pytest.raises(ValueError, match=r"bad.jsonl: expected .* but the file has 2 rows and none is left"):
        files(path=str(tmp_path / "bad.jsonl"), **(OPTIONS | {"on_bad_row": "skip", "max_bad_share": 1}))
    with pytest.raises(ValueError, match=r"absent.jsonl: .* does not exist"):
        files(path=file("a.jsonl"), **(OPTIONS | {"val_path": str(tmp_path / "absent.jsonl")}))


def test_a_damaged_file_is_not_skipped_over(tmp_path):
    write_rows(tmp_path / "a.jsonl.gz", [record.to_row() for record in RECORDS])
    content = (tmp_path / "a.jsonl.gz").read_bytes()
    (tmp_path / "a.jsonl.gz").write_bytes(content[:-12])
    with pytest.raises(ValueError, match="compressed data is damaged or cut off after line"):
        files(path=str(tmp_path / "a.jsonl.gz"), **(OPTIONS | {"on_bad_row": "skip"}))


def test_on_bad_row_is_one_of_two(file):
    with pytest.raises(ValueError, match=r"data.on_bad_row must be error or skip, got ignore"):
        files(path=file("a.jsonl"), **(OPTIONS | {"on_bad_row": "ignore"}))


def test_several_files_and_patterns_are_one_split(file, tmp_path):
    first, second = file("a-1.jsonl", RECORDS[:2]), file("a-2.jsonl", RECORDS[2:])
    for path in ([first, second], str(tmp_path / "a-*.jsonl"), [first, str(tmp_path / "*-2.jsonl")]):
        assert files(path=path, **OPTIONS).splits == {"all": RECORDS}
    for path, problem in (
        ([], "got an empty list"),
        (str(tmp_path / "b*.jsonl"), "files that match, but there are none"),
    ):
        with pytest.raises(ValueError, match=problem):
            files(path=path, **OPTIONS)


def test_a_bad_row_of_the_second_file_is_named_with_it(file):
    path = [file("a.jsonl"), file("b.jsonl", extra="{}")]
    with pytest.raises(BadRow, match=r"b.jsonl:5: `prompt`, `chosen`, `rejected` are missing"):
        files(path=path, **OPTIONS)


TABLE = "prompt{0}chosen{0}rejected\np{0}better, so{0}worse\nq{0}good{0}bad\n"


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_what_parts_the_fields_of_a_table_is_found_out(tmp_path, sign):
    (tmp_path / "a.csv").write_text(TABLE.format(sign))
    found = files(path=str(tmp_path / "a.csv"), **OPTIONS).splits["all"]
    texts = [(pair.prompt, pair.chosen, pair.rejected) for pair in found]
    assert texts == [("p", "better, so", "worse"), ("q", "good", "bad")]


def test_what_parts_the_fields_can_be_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('"a;b;c;prompt",chosen,rejected\np,x,y\n')
    named = {"format": dataclasses.replace(COLUMNS, prompt="a;b;c;prompt")}
    assert files(path=str(path), **(OPTIONS | named)).splits["all"][0].prompt == "p"
    path.write_text("prompt,x,y,z;chosen;rejected\np;x;y\n")
    named = {"delimiter": "semicolon", "format": dataclasses.replace(COLUMNS, prompt="prompt,x,y,z")}
    assert files(path=str(path), **(OPTIONS | named)).splits["all"][0].prompt == "p"
    with pytest.raises(ValueError, match=r"data.delimiter must be one sign or one of comma, .*, got ab"):
        files(path=str(path), **(OPTIONS | {"delimiter": "ab"}))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv"])
def test_other_encodings_are_named_and_can_be_said(tmp_path, encoding, suffix):
    row = {"prompt": "Wo?", "chosen": "hier, äh", "rejected": "nö"}
    line = json.dumps(row, ensure_ascii=False)
    table = 'prompt,chosen,rejected\nWo?,"hier, äh",nö\n'
    path = tmp_path / f"a.{suffix}"
    path.write_bytes({"jsonl": f"{line}\n{line}\n", "json": f"[{line}]", "csv": table}[suffix].encode(encoding))
    remedy = "data.encoding=utf-16" if encoding.startswith("utf") else "data.encoding=latin-1 or cp1252 reads it"
    with pytest.raises(ValueError, match=remedy):
        files(path=str(path), **OPTIONS)
    first = files(path=str(path), **(OPTIONS | {"encoding": encoding})).splits["all"][0]
    assert (first.prompt, first.chosen, first.rejected) == tuple(row.values())


def test_an_encoding_that_does_not_exist_is_told(file):
    with pytest.raises(ValueError, match=r"data.encoding must name an encoding such as .*, got utf9"):
        files(path=file("a.jsonl"), **(OPTIONS | {"encoding": "utf9"}))


ROW = '{"prompt": "p", "chosen": "yes", "rejected": "no"}\n'


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("long.jsonl", ROW + '{"prompt": "' + "x" * 20_000, "long.jsonl:2: a row of more than data.max_row_mb=0.01 MB"),
        (
            "long.csv",
            "prompt,chosen,rejected\np," + "x" * 20_000,
            "long.csv:2: a row of more than data.max_row_mb=0.01",
        ),
        ("blank.jsonl", ROW + "\n" * 9000, "blank.jsonl:627: blank lines up to here of more than data.max_row_mb=0.01"),
    ],
)
def test_rows_without_end_are_told_before_they_are_read(tmp_path, name, content, problem):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=re.escape(problem)):
        files(path=str(tmp_path / name), **OPTIONS)
    wide = OPTIONS | {"max_row_mb": None}
    if name == "blank.jsonl":
        assert len(files(path=str(tmp_path / name), **wide).splits["all"]) == 1


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_a_file_that_unpacks_to_far_more_than_its_size_is_told(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(lines, "SMALL", 0)
    path = tmp_path / f"pairs.jsonl{suffix}"
    write_rows(path, [json.loads(ROW)] * 4_000)
    with pytest.raises(ValueError, match=r"pairs.jsonl.* unpacks to more than data.max_unpacking=50 times its size"):
        files(path=str(path), **OPTIONS)
    assert len(files(path=str(path), **(OPTIONS | {"max_unpacking": None})).splits["all"]) == 4_000
    monkeypatch.undo()
    assert len(files(path=str(path), **OPTIONS).splits["all"]) == 4_000  # a small file may
