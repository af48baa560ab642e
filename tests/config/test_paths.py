import sys
from pathlib import Path

import pytest

from rmexp.config.compose import compose
from rmexp.config.paths import look_for_paths
from rmexp.config.problems import ConfigurationError
from rmexp.plugins.named import VARIABLE


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (
        "PAIRS.jsonl",
        "runs/hh/model/config.json",
        "runs/lora/model/adapter_config.json",
        "org/one/config.json",
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("{}\n")


def problems(verb, *overrides):
    with pytest.raises(ConfigurationError) as caught:
        look_for_paths(compose(verb, overrides))
    return caught.value.problems


def test_files_that_are_not_there_are_told_with_the_nearest_name(here):
    missing = "expected a file, but this path does not exist"
    assert problems("train", "data=jsonl", "data.path=PAIR.jsonl", "data.val_path=x/y.jsonl") == [
        f"PAIR.jsonl: {missing}; did you mean `PAIRS.jsonl`? (set data.path)",
        f"x/y.jsonl: {missing} (set data.val_path)",
    ]
    assert problems("train", "data=jsonl", "data.path=[PAIRS.jsonl,no.jsonl]") == [
        f"no.jsonl: {missing} (set data.path)"
    ]
    assert problems("train", "data=text", "data.paths=[no.txt]") == [f"no.txt: {missing} (set data.paths)"]
    assert problems("train", "data=jsonl", "data.path='*.csv'") == [
        "*.csv: expected files that match, but there are none (set data.path)"
    ]
    assert problems("train", "+data@tests.rm=jsonl", "tests.rm.path=./PAIRS.json") == [
        "PAIRS.json: expected a file, but this path does not exist; did you mean `PAIRS.jsonl`? (set tests.rm.path)"
    ]
    assert problems("best-of-n", "candidates.path=no", "scorer=baseline", "scorer.kind=longer") == [
        f"no: {missing} (set candidates.path)"
    ]


def test_models_that_are_not_there_are_told_with_the_nearest_name(here):
    missing = "expected a model folder or a hub id, but there is no such folder"
    assert problems("evaluate", "scorer.path=runs/nosuch") == [f"runs/nosuch: {missing} (set scorer.path)"]
    assert problems("evaluate", "scorer.path=runs/hhh/model") == [
        f"runs/hhh/model: {missing}; did you mean `runs/hh/model`? (set scorer.path)"
    ]
    assert problems("evaluate", "scorer.path=org/two") == [f"org/two: {missing} (set scorer.path)"]
    assert problems("train", "model=hub", "model.path=./no") == [f"./no: {missing} (set model.path)"]
    assert problems("train", "task=dpo", "model.reference=runs/hhh") == [
        f"runs/hhh: {missing}; did you mean `runs/hh`? (set model.reference)"
    ]
    assert problems("compare", "reward.path=./no") == [f"./no: {missing} (set reward.path)"]
    assert problems("evaluate", "scorer=scored_file", "scorer.path=no") == [
        "no: expected a scored file or a folder of such files, but there is none (set scorer.path)"
    ]
    assert problems("train", "data=hub", "data.path=./no") == [
        "./no: expected a folder or a hub id, but there is no such folder (set data.path)"
    ]


@pytest.mark.parametrize("path", ["some/model", "org/two@main", "org/one"])
def test_ids_of_the_hub_and_folders_stay(here, path):
    config = compose("evaluate", [f"scorer.path={path}", "data=jsonl", "data.path=PAIRS.jsonl"])
    look_for_paths(config)
    assert config.scorer.path == path


@pytest.mark.parametrize("run", ["hh", "lora"])
def test_a_run_folder_stands_for_its_model(here, run):
    config = compose("evaluate", [f"scorer.path=runs/{run}"])
    look_for_paths(config)
    assert config == compose("evaluate", [f"scorer.path=runs/{run}/model"])


def test_a_stage_of_the_same_run_is_no_path(here):
    look_for_paths(compose("compare", ["experiment=rlhf_circle"]))


def test_what_a_scorer_of_a_plugin_reads_is_looked_for(here, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "minescore.py").write_text(
        'class Mine:\n    reads = {"path": "model"}\n'
        "    def __init__(self, name, path, *, limits, threads):\n        pass\n"
    )
    monkeypatch.setenv(VARIABLE, str(tmp_path / "minescore.py"))
    node = "{_target_: minescore.Mine, _partial_: true, name: mine, path: runs/no}"
    assert problems("evaluate", f"+scorers.mine={node}", "scorer=baseline", "scorer.kind=longer") == [
        "runs/no: expected a model folder or a hub id, but there is no such folder (set scorers.mine.path)"
    ]
