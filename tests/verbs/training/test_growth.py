"""What a data set costs, counted: passes over its file, calls of the tokenizer, memory."""

import json
import subprocess
import sys

import pytest

from rmexp.config.compose import compose
from rmexp.encoding.encode import AT_ONCE, Encoder
from rmexp.encoding.parted_text import PartedText
from rmexp.encoding.splits import encode_pairs
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.lines import read_lines
from rmexp.record_file import RecordFile
from rmexp.sources import file_rows
from rmexp.stored_records import StoredRecords, labels_of, texts_digest
from rmexp.verbs import data as run_data

MEASURED = """
import sys
from rmexp.hardware.memory import peak_memory_mb
from rmexp.config.compose import compose
from rmexp.verbs.data import load_run_data
import rmexp.data.leaks.check
before = peak_memory_mb()
config = compose("train", ["data=jsonl", f"data.path={sys.argv[1]}"])
loaded = load_run_data(config.data, config.tests)
assert sum(map(len, loaded.data.records.splits.values())) == 50_000
print(peak_memory_mb() - before)
"""


ENCODED = """
import sys
from rmexp.config.compose import compose
from rmexp.data.loading import Limits
from rmexp.encoding.encode import Encoder
from rmexp.encoding.splits import encode_pairs
from rmexp.hardware.memory import peak_memory_mb
from rmexp.models.backbones.tiny import train_tokenizer
from rmexp.verbs.data import load_run_data
config = compose("train", ["data=jsonl", f"data.path={sys.argv[1]}", f"data.cache_dir={sys.argv[2]}"])
records = load_run_data(config.data, config.tests).data.records.splits["train"]
tokenizer = train_tokenizer([record.prompt for record in records[:2000]], 1024, 512)
encoder = Encoder(tokenizer, Limits(512, "cut_prompt", sys.argv[2], 16))
encoder.encode([("a", "b")])
before = peak_memory_mb()
_, account = encode_pairs(records, encoder)
assert account.kept > 39_000
print(peak_memory_mb() - before)
"""


PROFILED = """
import sys
from rmexp.hardware.memory import peak_memory_mb
from rmexp.config.compose import compose
from rmexp.profile.profile import profile_of
from rmexp.verbs.data import load_data
for path in sys.argv[1:]:
    data = load_data(compose("profile", ["data=jsonl", f"data.path={path}", "data.cache_dir=null"]).data)
    profile_of(data.records, None, group=None, max_tokens=512, tokenizer=None, strength=[], seed=0)
    print(peak_memory_mb())
"""


def write(path, count, words=3, vocabulary=10**9):
    with path.open("w") as file:
        for number in range(count):
            texts = [
                " ".join(f"w{(number * 31 + place * side) % vocabulary}" for place in range(words))
                for side in (3, 5, 7)
            ]
            file.write(json.dumps(dict(zip(("prompt", "chosen", "rejected"), texts, strict=True))) + "\n")
    return path


@pytest.fixture
def reads(monkeypatch):
    """Every record that is read from where it is kept."""
    found, read = [], RecordFile.read

    def counted(self, numbers):
        found.extend(numbers)
        return read(self, numbers)

    monkeypatch.setattr(RecordFile, "read", counted)
    return found


@pytest.fixture
def loaded(tmp_path, monkeypatch, reads):
    path, opened = write(tmp_path / "pairs.jsonl", 2000), []
    monkeypatch.setattr(
        file_rows, "read_lines", lambda *args, **options: opened.append(args) or read_lines(*args, **options)
    )
    monkeypatch.setattr(run_data, "_LAST", {})
    config = compose("train", ["data=jsonl", f"data.path={path}", "data/format=columns"])
    return run_data.load_run_data(config.data, config.tests).data, opened


def test_a_file_is_read_once_and_its_records_are_kept_in_a_file(loaded):
    data, opened = loaded
    assert len(opened) == 1
    train, val = data.records.splits["train"], data.records.splits["val"]
    assert isinstance(train, StoredRecords)
    assert train.file is val.file
    assert len(train) + len(val) == 2000


def test_records_are_passed_over_few_times(loaded, reads, tokenizer, limits):
    train, val = (loaded[0].records.splits[name] for name in ("train", "val"))
    assert len(reads) <= 3.1 * 2000  # split and exact leaks, near leaks, fingerprint
    reads.clear()
    encode_pairs(train, Encoder(tokenizer, limits))
    assert len(reads) == len(train)  # texts
    reads.clear()
    as_test_set(Origin("pairs", "val"), val)
    assert len(reads) == 1 + len(val)  # which kind they are, measures: clusters are known from the split
    reads.clear()
    texts_digest(train), labels_of(train)
    assert reads == []  # the fingerprint was of the same pass


def test_a_tokenizer_gets_few_texts_at_a_time_and_each_prompt_once(loaded, tokenizer, limits, monkeypatch):
    records, calls = loaded[0].records.splits["train"], []
    tokenize = PartedText.tokenize

    def counted(self, ending, starts, items):
        calls.append((len(starts), len(items)))
        return tokenize(self, ending, starts, items)

    monkeypatch.setattr(PartedText, "tokenize", counted)
    encoder = Encoder(tokenizer, limits)
    encoder.encode([("a", "b")])  # what is compared at the start
    calls.clear()
    encoder.encode_records(records)
    assert sum(prompts for prompts, _ in calls) == len(records)
    assert sum(responses for _, responses in calls) == 2 * len(records)
    assert max(responses for _, responses in calls) <= AT_ONCE


@pytest.mark.slow
def test_fifty_thousand_pairs_need_little_more_memory_than_none(tmp_path):
    path = write(tmp_path / "pairs.jsonl", 50_000, words=60)
    size = path.stat().st_size / 1e6
    done = subprocess.run([sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=True)
    assert size > 60
    assert float(done.stdout.split()[-1]) < 2 * size


@pytest.mark.slow
def test_fifty_thousand_pairs_are_encoded_in_little_more_memory_than_their_tokens(tmp_path):
    path, cache = write(tmp_path / "pairs.jsonl", 50_000, words=20), tmp_path / "cache"
    command = [sys.executable, "-c", ENCODED, str(path), str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (tokens,) = cache.glob("*.tokens")
    assert tokens.stat().st_size > 5e6
    assert float(done.stdout.split()[-1]) < 40 + 3 * tokens.stat().st_size / 1e6


@pytest.mark.slow
def test_fifty_thousand_pairs_are_profiled_in_little_more_memory_than_the_words_of_their_responses(tmp_path):
    paths = [write(tmp_path / f"{count}.jsonl", count, words=35, vocabulary=5000) for count in (2_000, 50_000)]
    command = [sys.executable, "-c", PROFILED, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    few, many = map(float, done.stdout.split()[-2:])
    assert many - few < 5 * 50_000 * 2 * 35 * 8 / 1e6  # a number and a count of each word
