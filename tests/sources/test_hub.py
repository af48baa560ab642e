"""The hub's data sets through local folders and a local cache: no test needs a network."""

import json
import logging
import os
import time

import pytest

from rmexp.sources.formats.columns import Columns
from rmexp.sources.hub import hub, open_hub

datasets = pytest.importorskip("datasets")

NAMES = ("prompt", "chosen", "rejected", "target", "margin", "id")
OTHERS = dict.fromkeys(("input", "system", "tools", "chat_template_kwargs")) | {"history": None, "implicit": False}
NO_SPLITS = {"train_split": None, "val_split": None, "test_split": None}
OPTIONS = {
    **{"revision": None, "subset": None, "folder": None, "on_bad_row": "error", "max_bad_share": 0.5},
    **{"train_split": "train", "val_split": None, "test_split": None},
    "format": Columns(**dict(zip(NAMES, NAMES, strict=True)), **OTHERS, meta="*"),
}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def rows(name, count=3):
    return [{"prompt": f"{name} {i}", "chosen": "yes", "rejected": "no", "topic": name} for i in range(count)]


def prompts(data):
    return {split: [pair.prompt for pair in pairs] for split, pairs in data.splits.items()}


@pytest.fixture
def folder(tmp_path):
    """A repository with splits of its own."""
    for split in ("train", "validation", "test"):
        write(tmp_path / f"{split}.jsonl", rows(split))
    return tmp_path


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(map(json.dumps, content)))


def test_a_local_folder_with_splits_of_its_own(folder):
    data = hub(path=str(folder), **(OPTIONS | {"val_split": "validation", "test_split": "test"}))
    assert set(data.splits) == {"train", "val", "test"}
    assert prompts(data)["val"] == ["validation 0", "validation 1", "validation 2"]
    assert data.splits["test"][0].meta == {"topic": "test"}
    assert set(hub(path=str(folder), **OPTIONS).splits) == {"all"}
    assert set(hub(path=str(folder), **(OPTIONS | NO_SPLITS | {"test_split": "test"})).splits) == {"test"}


def test_one_folder_of_it(folder):
    write(folder / "part" / "train.jsonl", rows("part/train"))
    assert prompts(hub(path=str(folder), **(OPTIONS | {"folder": "part"})))["all"] == [
        f"part/train {i}" for i in range(3)
    ]


def test_parquet_and_what_save_to_disk_wrote(tmp_path):
    made = datasets.Dataset.from_list(rows("a"))
    made.to_parquet(tmp_path / "parquet" / "train.parquet")
    datasets.DatasetDict({"train": made}).save_to_disk(tmp_path / "saved")
    for name in ("parquet", "saved"):
        assert prompts(hub(path=str(tmp_path / name), **OPTIONS)) == {"all": ["a 0", "a 1", "a 2"]}


def test_a_changed_file_of_equal_size_and_time_is_read_anew(folder):
    before = (folder / "train.jsonl").stat()
    hub(path=str(folder), **OPTIONS)
    (folder / "train.jsonl").write_text((folder / "train.jsonl").read_text().replace("train 0", "drain 0"))
    os.utime(folder / "train.jsonl", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert prompts(hub(path=str(folder), **OPTIONS))["all"][0] == "drain 0"


def test_bad_rows_name_split_and_row(folder):
    content = rows("a")
    content[1]["chosen"] = " "
    write(folder / "train.jsonl", content)
    with pytest.raises(ValueError, match=r":train: row 2: `chosen` must be a non-empty string"):
        hub(path=str(folder), **OPTIONS)
    (bad,) = hub(path=str(folder), **(OPTIONS | {"on_bad_row": "skip"})).bad_rows
    assert (bad.path, bad.line, bad.kind) == (f"{folder}:train", 2, "empty")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_split": "training"}, r":training cannot be read: .*training"),
        ({"subset": "other"}, r":train cannot be read: .*other"),
        ({"folder": "nowhere"}, r":train cannot be read: "),
        (NO_SPLITS, r"expected the name of at least one split, got none \(set data.train_split\)"),
    ],
)
def test_what_a_folder_does_not_have_is_one_sentence(folder, change, message):
    with pytest.raises(ValueError, match=message) as caught:
        hub(path=str(folder), **(OPTIONS | change))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    (tmp_path / "train.jsonl").write_text('{"prompt": "a", "chosen": \n')
    with pytest.raises(ValueError, match=":train cannot be read: ") as caught:
        hub(path=str(tmp_path), **OPTIONS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["./nowhere", "/nowhere", "a/b/c"])
def test_a_local_path_that_is_none(path):
    with pytest.raises(
        ValueError, match=r"expected a folder or a hub id, but there is no such folder \(set data.path\)"
    ):
        hub(path=path, **OPTIONS)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache as `datasets` lays it out: owner___name/config/version/commit."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)

    def add(config, commit, content):
        made = tmp_path / "owner___help_steer2" / config / "0.0.0" / commit
        made.mkdir(parents=True)
        with datasets.arrow_writer.ArrowWriter(path=str(made / "help_steer2-train.arrow")) as writer:
            for row in content:
                writer.write(row)
            writer.finalize()
        (made / "dataset_info.json").write_text("{}")

    return add


def test_without_a_network_an_earlier_download_is_used_and_its_commit_told(cache, caplog):
    caplog.set_level(logging.INFO)
    cache("default", COMMIT, rows("whole"))
    cache("default-data_dir=part", COMMIT, rows("part"))
    assert prompts(hub(path="owner/HelpSteer2", **OPTIONS))["all"][0] == "whole 0"
    assert f"owner/HelpSteer2: commit {COMMIT}, from the local cache" in caplog.text
    assert prompts(hub(path="owner/HelpSteer2", **(OPTIONS | {"folder": "part"})))["all"][0] == "part 0"
    assert prompts(hub(path="owner/HelpSteer2", **(OPTIONS | {"revision": COMMIT})))["all"][0] == "whole 0"
    with pytest.raises(ValueError, match=rf"owner/HelpSteer2@{COMMIT}:val cannot be read: it has no split `val`"):
        hub(path="owner/HelpSteer2", **(OPTIONS | {"test_split": "val"}))


def test_without_network_and_download_it_is_one_sentence_at_once(cache):
    cache("default", COMMIT, rows("whole"))
    began = time.perf_counter()
    for change in ({"path": "owner/other"}, {"path": "owner/HelpSteer2", "revision": "f" * 40}):
        with pytest.raises(
            ValueError, match=r"is not in the local cache of data sets, and the hub cannot be reached; set"
        ):
            hub(**(OPTIONS | change))
    assert time.perf_counter() - began < 5


def test_the_commit_of_a_revision_is_what_is_loaded(monkeypatch, caplog):
    from types import SimpleNamespace

    caplog.set_level(logging.INFO)
    asked = []
    monkeypatch.setattr("huggingface_hub.dataset_info", lambda path, **options: SimpleNamespace(sha=COMMIT))
    monkeypatch.setattr(datasets, "load_dataset", lambda path, **options: asked.append(options) or rows(path))
    data = hub(path="owner/set", **(OPTIONS | {"revision": "main", "subset": "s", "folder": "f"}))
    assert asked == [{"revision": COMMIT, "split": "train", "name": "s", "data_dir": "f"}]
    assert len(data.splits["all"]) == 3
    assert data.origins == (f"owner/set@{COMMIT}",)
    assert f"owner/set: commit {COMMIT}" in caplog.text
    caplog.clear()
    opened, _ = open_hub("owner/set", "main", None, None, whole=False)
    assert len(list(opened("train"))) == 3
    assert (asked[-1]["revision"], asked[-1]["streaming"], caplog.text) == (COMMIT, True, "")
