"""Files of every kind, and everything that can be wrong with one: each named by its file and line or row."""

import csv
import gzip
import json
import lzma

import pytest

from rmexp.records import Preference
from rmexp.sources.file_rows import file_rows
from rmexp.sources.files import files
from rmexp.sources.formats.columns import Columns

NAMES = ("prompt", "chosen", "rejected", "target", "margin", "id")
OTHERS = dict.fromkeys(("input", "system", "tools", "chat_template_kwargs")) | {"history": None, "implicit": False}
COLUMNS = Columns(**dict(zip(NAMES, NAMES, strict=True)), **OTHERS, meta="*")
GOOD = {"prompt": "Wo?", "chosen": "dort, „ä“", "rejected": 'hier\n"da"', "topic": "maps"}
RECORD = Preference(GOOD["prompt"], GOOD["chosen"], GOOD["rejected"], meta={"topic": "maps"})


def read(path, on_bad_row="error", max_bad_share=1.0, columns=COLUMNS):
    limits = {"on_bad_row": on_bad_row, "max_bad_share": max_bad_share, "encoding": "utf-8", "delimiter": None}
    limits |= {"max_row_mb": None, "max_unpacking": None}
    return files(path=str(path), val_path=None, test_path=None, format=columns, **limits)


def write_jsonl(path, rows):
    path.write_bytes(b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows))


def write_csv(path, rows, delimiter=","):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def write_parquet(path, rows):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.Table.from_pylist(rows), path)


WRITERS = {
    "a.jsonl": write_jsonl,
    "a.json": lambda path, rows: path.write_text(json.dumps(rows, indent=1)),
    "b.json": lambda path, rows: path.write_text(json.dumps({"version": 1, "data": rows})),
    "lines.json": write_jsonl,
    "a.csv": write_csv,
    "a.tsv": lambda path, rows: write_csv(path, rows, "\t"),
    "a.parquet": write_parquet,
}


@pytest.mark.parametrize("name", WRITERS)
def test_each_kind_gives_the_same_records(tmp_path, name):
    WRITERS[name](tmp_path / name, [GOOD, GOOD | {"prompt": "Und?"}])
    first, second = read(tmp_path / name).splits["all"]
    assert first == RECORD
    assert (second.prompt, second.chosen) == ("Und?", RECORD.chosen)


@pytest.mark.parametrize("name", [name for name in WRITERS if "parquet" not in name])
@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_compressed_text(tmp_path, name, suffix, compress):
    WRITERS[name](tmp_path / name, [GOOD])
    (tmp_path / (name + suffix)).write_bytes(compress((tmp_path / name).read_bytes()))
    assert read(tmp_path / (name + suffix)).splits["all"] == (RECORD,)


@pytest.mark.parametrize("name", [name for name in WRITERS if "parquet" not in name])
def test_a_byte_order_mark_and_windows_line_ends(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path, [GOOD | {"rejected": "hier"}])
    content = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + content)
    assert read(path).splits["all"][0].chosen == RECORD.chosen


@pytest.mark.parametrize("name", [name for name in WRITERS if "parquet" not in name])
def test_compression_that_is_cut_in_the_middle_stops_even_where_rows_are_skipped(tmp_path, name):
    rows = [GOOD | {"prompt": str(hash(str(index)))} for index in range(2000)]
    WRITERS[name](tmp_path / name, rows)
    whole = gzip.compress((tmp_path / name).read_bytes())
    (tmp_path / f"{name}.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        ValueError, match=rf"{name}.gz: compressed data is damaged or cut off (after line \d+|in its first line)"
    ):
        read(tmp_path / f"{name}.gz", on_bad_row="skip")


@pytest.mark.parametrize("value", [True, 12, None, {"text": "x"}, ["x"], 1.5], ids=repr)
@pytest.mark.parametrize(("name", "place"), [("a.jsonl", "a.jsonl:2: "), ("a.json", "a.json: row 2: ")])
def test_a_response_that_is_no_text_is_named_with_its_place(tmp_path, name, place, value):
    WRITERS[name](tmp_path / name, [GOOD, GOOD | {"chosen": value}, GOOD | {"prompt": "Und?"}])
    with pytest.raises(ValueError, match="`chosen` must be a non-empty string, got ") as caught:
        read(tmp_path / name)
    assert place in str(caught.value)
    data = read(tmp_path / name, "skip")
    assert [pair.prompt for pair in data.splits["all"]] == ["Wo?", "Und?"]
    (bad,) = data.bad_rows
    assert (bad.path, bad.line, bad.kind) == (str(tmp_path / name), 2, "malformed")


@pytest.mark.parametrize(("text", "kind"), [(" \n", "empty"), (GOOD["rejected"], "identical")])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_empty_and_identical_sides_have_a_kind_of_their_own(tmp_path, name, text, kind):
    WRITERS[name](tmp_path / name, [GOOD, GOOD | {"chosen": text}])
    assert [row.kind for row in read(tmp_path / name, "skip").bad_rows] == [kind]


def test_numbers_in_a_table_of_text_are_numbers(tmp_path):
    rows = [
        GOOD | {"target": "0.5", "margin": "", "id": "x"},
        GOOD | {"prompt": "b", "target": "", "margin": 2, "id": "y"},
    ]
    write_csv(tmp_path / "a.csv", rows)
    first, second = read(tmp_path / "a.csv").splits["all"]
    assert (first.target, first.margin, first.id) == (0.5, None, "x")
    assert (second.target, second.margin, second.id) == (1.0, 2.0, "y")
    write_csv(tmp_path / "a.csv", [GOOD | {"target": "half"}])
    with pytest.raises(ValueError, match=r'a.csv:2: `target` must be a finite number, got "half"'):
        read(tmp_path / "a.csv")


def test_lines_of_ten_megabytes(tmp_path):
    long = "word " * 2_000_000
    for name in ("a.jsonl", "a.csv"):
        WRITERS[name](tmp_path / name, [GOOD | {"chosen": long}, GOOD | {"chosen": ""}])
        data = read(tmp_path / name, "skip")
        assert [pair.chosen for pair in data.splits["all"]] == [long]
        assert len(data.bad_rows[0].row) <= 200


def test_a_column_without_a_name_is_left_out(tmp_path):
    (tmp_path / "a.csv").write_bytes(
        b",prompt,chosen,rejected,\r\n0,a,b,c,\r\n1,d,e,f,x\r\n"
    )  # with an index, as pandas does
    assert [row.content for row in file_rows(tmp_path / "a.csv", key="data.path")] == [
        {"prompt": "a", "chosen": "b", "rejected": "c"},
        {"prompt": "d", "chosen": "e", "rejected": "f"},
    ]


@pytest.mark.parametrize("write", [json.dumps, str])
def test_messages_in_a_table_are_read(tmp_path, write):
    sides = {side: [{"role": "user", "content": "it's"}, {"role": "assistant", "content": side}] for side in "xy"}
    texts = {"prompt": '[{"name": "no message"}]', "chosen": write(sides["x"]), "rejected": write(sides["y"])}
    write_csv(tmp_path / "a.csv", [texts])
    (row,) = file_rows(tmp_path / "a.csv", key="data.path")
    assert row.content == texts | {"chosen": sides["x"], "rejected": sides["y"]}


def test_messages_as_numpy_prints_them_are_told(tmp_path):
    printed = "[{'role': 'user', 'content': 'p'}\n {'role': 'assistant', 'content': 'a'}]"
    write_csv(tmp_path / "a.csv", [{"prompt": "p", "chosen": printed, "rejected": "b"}])
    (row,) = file_rows(tmp_path / "a.csv", key="data.path")
    assert str(row.error).startswith("`chosen` holds messages neither as JSON nor as Python prints a list")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b",\na,b\n", r"a.csv:1: expected a header with a different name for each column, got , "),
        (b"p,p\na,b\n", r"a.csv:1: expected a header with a different name for each column, got p, p"),
        (b"prompt,chosen,rejected\na,b\n", "a.csv:2: expected 3 fields as in the header, got 2"),
        (b'prompt,chosen,rejected\n"a\nb",c,d\nx,y,z,u\n', "a.csv:4: expected 3 fields as in the header, got 4"),
        (b'prompt,chosen,rejected\na,"b"c,d\n', "a.csv:2: not CSV: "),
        (b'prompt,chosen,rejected\na,b,"d\n', "a.csv:2: not CSV: a quote is not closed"),
        (b"prompt,chosen,rejected\na,b\xff,d\n", "a.csv:2: not UTF-8 in the field `chosen`"),
        (
            b"prompt,better,rejected\na,b,d\n",
            "a.csv:2: `chosen` is missing; the row has prompt, better, rejected; set data",
        ),
        (b"", "a.csv: expected preference records, but the file has no rows"),
        (b"prompt,chosen,rejected\n", "a.csv: expected preference records, but the file has no rows"),
    ],
)
def test_what_can_be_wrong_with_csv(tmp_path, content, problem):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ValueError, match=problem):
        read(tmp_path / "a.csv")


def test_a_bad_row_of_csv_leaves_the_next_one_alone(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'prompt,chosen,rejected\na,"b"c,d\np,q\n\na,b\xff,d\na,b,c\n')
    data = read(tmp_path / "a.csv", "skip")
    assert [row.line for row in data.bad_rows] == [2, 3, 5]
    assert data.splits["all"] == (Preference("a", "b", "c"),)


@pytest.mark.parametrize("stray", ["e", '"e, f"'])
def test_a_quote_that_is_not_closed_takes_no_other_row_with_it(tmp_path, stray):
    rows = [f"p{i},c,r\n" for i in range(9)] + [f"q,{stray},r\n", '"two\nlines",c,r\n']
    rows[3] = 'bad,"c,r\n'
    (tmp_path / "a.csv").write_text("prompt,chosen,rejected\n\n" + "".join(rows))
    data = read(tmp_path / "a.csv", "skip")
    prompts = [pair.prompt for pair in data.splits["all"]]
    assert prompts == ["p0", "p1", "p2", "p4", "p5", "p6", "p7", "p8", "q", "two\nlines"]
    assert [row.line for row in data.bad_rows] == [6]


def test_a_header_that_is_not_csv(tmp_path):
    (tmp_path / "a.csv").write_text('prompt,"chosen,rejected\na,b,c\n')
    with pytest.raises(ValueError, match=r"a.csv:1: not CSV: a quote is not closed"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[1]", "a.json: row 1: expected a JSON object, got 1"),
        ('{"a":\n1}', "a.json: expected a JSON list of objects, or an object with one list, got an object with 0"),
        ('{"a": [], "b": []}', "got an object with 2"),
        ('{"a": 1}', "a.json:1: `prompt`, `chosen`, `rejected` are missing"),
        ('"text"', 'got "text"'),
        ('[{"a": 1},\n {"b": 1}\n', r"a.json:2: not JSON: Expecting ',' delimiter at column 10"),
        ('[{"a": 1},\n {"b": }]', r"a.json:2: not JSON: Expecting value at column 8"),
        ("[", "a.json:1: not JSON"),
        ('[{"a": 1, "a": 2}]', 'a.json: not JSON: the key "a" stands twice in one object'),
        (r'[{"prompt": "\ud800"}]', "a.json: row 1: expected text, got half a surrogate pair"),
        ("[]", "the file has no rows"),
        ("", "the file has no rows"),
    ],
)
def test_what_can_be_wrong_with_json(tmp_path, content, problem):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=problem):
        read(tmp_path / "a.json")


def test_json_that_is_not_utf_8(tmp_path):
    (tmp_path / "a.json").write_bytes(b'[\n{"a": "\xff"}]')
    with pytest.raises(ValueError, match=r"a.json: not UTF-8 at byte 10"):
        read(tmp_path / "a.json")


def test_parquet_with_nulls_numbers_and_dates(tmp_path):
    import datetime

    day = datetime.date(2020, 1, 2)
    write_parquet(
        tmp_path / "a.parquet", [GOOD | {"day": day, "target": None}, GOOD | {"target": 0.25, "chosen": None}]
    )
    with pytest.raises(ValueError, match=r"a.parquet: row 2: `chosen` must be a non-empty string, got null"):
        read(tmp_path / "a.parquet")
    (record,) = read(tmp_path / "a.parquet", "skip").splits["all"]
    assert (record.target, record.meta) == (1.0, {"topic": "maps", "day": "2020-01-02"})


def test_parquet_that_is_not_utf_8(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    chosen = pa.array([b"yes", b"y\xff", b"yes"], pa.binary()).view(pa.string())
    pq.write_table(
        pa.table({"prompt": ["a", "b", "c"], "chosen": chosen, "rejected": ["no"] * 3}), tmp_path / "a.parquet"
    )
    with pytest.raises(ValueError, match=r"a.parquet: row 2: not UTF-8"):
        read(tmp_path / "a.parquet")
    data = read(tmp_path / "a.parquet", "skip")
    assert [pair.prompt for pair in data.splits["all"]] == ["a", "c"]


def test_a_damaged_parquet_file_is_one_sentence(tmp_path):
    write_parquet(tmp_path / "a.parquet", [GOOD])
    whole = (tmp_path / "a.parquet").read_bytes()
    for content in (b"nothing of the kind", whole[: len(whole) // 2]):
        (tmp_path / "a.parquet").write_bytes(content)
        with pytest.raises(ValueError, match=r"a.parquet: expected a whole Parquet file"):
            read(tmp_path / "a.parquet")


@pytest.mark.parametrize("name", ["a.txt", "a.parquet.gz", "a", "a.gz"])
def test_other_suffixes_are_refused(tmp_path, name):
    (tmp_path / name).write_text("x")
    with pytest.raises(
        ValueError, match=r"expected a file that ends in .jsonl, .json, .csv, .tsv, .parquet .*data.path"
    ):
        read(tmp_path / name)


def test_rows_come_one_at_a_time(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [GOOD, b"not json\n"])
    rows = file_rows(tmp_path / "a.jsonl", key="data.path")
    assert (next(rows).content, next(rows).error is None) == (GOOD, False)
