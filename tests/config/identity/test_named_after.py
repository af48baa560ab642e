from pathlib import Path

import pytest

from rmexp.config.compose import compose
from rmexp.config.folders import run_folder
from rmexp.config.identity.named_after import with_file_names
from rmexp.config.identity.run_settings import run_settings
from rmexp.config.identity.saved import differences, run_config, saved_yaml

FILE = ["data=jsonl", "data.path=place/pairs.jsonl.gz"]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (FILE, "pairs"),
        ([*FILE, "data.name=mine"], "mine"),
        (["data=jsonl", "data.path=[a.jsonl,b.jsonl]"], "a+b"),
        (["data=jsonl", "data.path=shards/*.jsonl"], "shards"),
        (["data=jsonl", "data.path=null", "data.test_path=there/test.csv"], "test"),
        (["data=hub", "data.path=org/hh-rlhf"], "hh-rlhf"),
        ([], "json_vs_text"),
    ],
)
def test_data_is_called_after_its_files_unless_the_user_says_otherwise(options, name):
    assert compose("train", options).data.name == name


def test_each_test_set_is_called_after_its_own():
    tests = ["+data@tests.other=csv", "tests.other.path=o.csv"]
    assert compose("train", [*FILE, *tests]).tests.other.name == "o"


def test_a_run_of_when_it_was_called_by_its_option_is_the_same_run(here):
    config = compose("train", FILE)
    bound = run_config(config)
    assert run_folder("train", config, bound).name == f"reward-pairs-tiny-{bound.fingerprint}"
    then = saved_yaml(config).replace("${name_after:jsonl}", "jsonl")
    assert differences(then, config) == []
    former = Path("runs/train", f"reward-jsonl-tiny-{bound.fingerprint}")
    former.mkdir(parents=True)
    assert run_folder("train", config, bound) == former
    other = compose("train", [*FILE, "seed=1"])
    assert run_folder("train", other, run_config(other)).name.startswith("reward-pairs-tiny-")


def test_what_a_run_left_tells_the_name_without_composing(here):
    Path("config.yaml").write_text(saved_yaml(compose("train", FILE)))
    assert run_settings(Path())["data.name"] == "pairs"


def test_without_a_file_the_option_names_it():
    assert with_file_names({"data.name": "${name_after:csv}", "data.path": None}) == {
        "data.name": "csv",
        "data.path": None,
    }
