import json

import pytest

from rmexp.jsonl import BadRow, write_rows
from rmexp.records import Preference
from rmexp.sources.files import files
from rmexp.sources.formats.columns import Columns

RECORDS = tuple(Preference(f"p{i}", "c", "r", target=i / 4, meta={"topic": i}) for i in range(4))
NAMES = ("prompt", "chosen", "rejected", "target", "margin", "id", "meta")
OTHERS = dict.fromkeys(("input", "system", "tools", "chat_template_kwargs")) | {"implicit": False}
COLUMNS = Columns(**dict(zip(NAMES, NAMES, strict=True)), **OTHERS)
OPTIONS = {"val_path": None, "test_path": None, "on_bad_row": "error", "max_bad_share": 0.5, "format": COLUMNS}


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
