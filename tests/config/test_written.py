"""Folders that nothing can be written to are told before anything is read."""

from pathlib import Path

import pytest

from rmexp.config.compose import compose
from rmexp.config.paths import look_for_paths
from rmexp.config.problems import ConfigurationError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")


def problems(verb, *overrides):
    with pytest.raises(ConfigurationError) as caught:
        look_for_paths(compose(verb, overrides))
    return caught.value.problems


def test_a_file_where_a_folder_is_to_be(here, tmp_path):
    expected = "expected a folder to write to, but"
    assert problems("train", "data.cache_dir=file") == [f"file: {expected} it is a file (set data.cache_dir)"]
    assert problems("train", "run_dir=file/a/b", "+data@tests.a=json_vs_text", "tests.a.cache_dir=file") == [
        f"file: {expected} it is a file (set tests.a.cache_dir)",
        f"file/a/b: {expected} {tmp_path}/file is a file (set run_dir)",
    ]
    assert problems("export", "path=a", "out=file/a") == [f"file/a: {expected} {tmp_path}/file is a file (set out)"]


def test_the_places_that_nobody_has_chosen_are_looked_at_too(here, tmp_path):
    Path("runs").write_text("")
    assert sorted(problems("train")) == [
        f"runs/cache: expected a folder to write to, but {tmp_path}/runs is a file (set data.cache_dir)",
        "runs: expected a folder to write to, but it is a file (set run_dir)",
    ]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that takes no files")
def test_a_folder_that_takes_no_files_whoever_asks(here):
    (problem,) = problems("train", "data.cache_dir=/proc/cache")
    assert problem.startswith("/proc/cache: expected a folder to write to, but /proc cannot be written (")
    assert problem.endswith(" (set data.cache_dir)")


def test_nothing_is_left_where_it_was_looked_and_what_writes_nothing_asks_for_nothing(here):
    look_for_paths(compose("train", ["run_dir=new/run", "data.cache_dir=new/cache"]))
    assert [path.name for path in Path().iterdir()] == ["file"]
    alone = ["scorer=baseline", "prompt=a", "response=b", "data.cache_dir=file"]
    look_for_paths(compose("score", alone))
    look_for_paths(compose("train", ["plan=true", "run_dir=file", "data.cache_dir=null", "sweep_dir=file"]))


def test_a_cache_in_which_nothing_will_be_kept_asks_for_nothing(here, monkeypatch):
    Path("pairs.jsonl").write_text("{}\n")
    small = ["data=jsonl", "data.path=pairs.jsonl", "data.cache_dir=file"]
    look_for_paths(compose("profile", small))
    look_for_paths(compose("evaluate", ["scorer=baseline", *small]))
    expected = ["file: expected a folder to write to, but it is a file (set data.cache_dir)"]
    member = ["scorer=ensemble", "+scorer@scorer.members.a=explicit", "scorer.members.a.path=a"]
    assert problems("score", *member, *small)[:1] == expected
    monkeypatch.setattr("rmexp.config.written._LARGE", 1)
    assert problems("profile", *small) == expected
