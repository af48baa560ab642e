"""What digests are made of is the same whether it is written down at once or field by field."""

import json

import pytest

from rmexp.dialogue import prompt_json, response_json
from rmexp.record_content import row_content, texts_content
from rmexp.records import Candidates, Message, Preference

TEXTS = 'quoted "é\\ \n\t\x00 \u2028🙂'
RECORDS = [
    Preference("p", "a", "b"),
    Preference(TEXTS, TEXTS + "a", TEXTS, id=TEXTS),
    Preference("", "a", "b", target=0.25, margin=1e-7, meta={"z": [1, {"b": None, "a": "é"}], "a": True}),
    Preference("p", "a", "b", target=1, margin=2, id="7"),
    Preference((Message("user", "p"),), "a", "b", meta={"topic": "maps"}),
    Candidates("p", ("a", "b", "c"), gold=(1.0, 2.0, 0.5)),
]


@pytest.mark.parametrize("record", RECORDS)
def test_they_are_what_their_fields_make(record):
    row = json.dumps(record.to_row(), sort_keys=True, ensure_ascii=False) + "\n"
    assert row_content(record) == row.encode()
    parts = [prompt_json(record.prompt), *map(response_json, record.responses)]
    texts = [part if isinstance(part, str) else json.dumps(part) for part in parts]
    lengths = [len(text) if isinstance(part, str) else -len(text) for text, part in zip(texts, parts, strict=True)]
    assert texts_content(record) == f"{lengths}{''.join(texts)}".encode()


def test_half_a_surrogate_pair_is_no_text_of_a_row_but_one_of_texts():
    record = Preference("\ud800", "a", "b", id="1")
    assert texts_content(record) == "[1, 1, 1]\ud800ab".encode(errors="surrogatepass")
    with pytest.raises(UnicodeEncodeError):
        row_content(record)
