"""Which folder a stage is found in: no stage is trained here, being asked for its parts stands for it."""

import json

import pytest

from rmexp.data.loaded import LoadedData
from rmexp.preference_data import PreferenceData
from rmexp.runs.folder import RunConfig
from rmexp.runs.summaries.file import write_summary
from rmexp.runs.summaries.train import ModelMade, TrainSummary
from rmexp.stages.obtain import obtain_stage, train_stage
from rmexp.stages.plan import StagePlan

TEXT, INPUTS = "lr: 0.1\n", {"data": "d1"}


class Asked(Exception):
    pass


def asked():
    raise Asked


@pytest.fixture
def plan():
    config = RunConfig(TEXT, 0, lambda other: [] if other == TEXT else ["lr"])
    return StagePlan("sft", config, INPUTS, asked, dict)


@pytest.fixture
def data():
    return LoadedData(PreferenceData({}), "d", None, None, None, "d1")


def run(folder, text=TEXT, inputs=INPUTS, steps=7, finished=True):
    """A run folder as `claim` leaves it."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(text)
    (folder / "environment.json").write_text(json.dumps({"inputs": inputs}))
    if finished:
        write_summary(folder, TrainSummary("sft", ModelMade("model", "f", 1), steps, 1.0, inputs=inputs))


def test_a_stage_that_a_run_beside_has_made_is_used(plan, data, tmp_path):
    run(tmp_path / "other" / "sft")
    stage = obtain_stage(plan, data, tmp_path / "this")
    assert (stage.name, stage.folder, stage.summary.steps) == ("sft", tmp_path / "other" / "sft", 7)
    assert stage.model == str(tmp_path / "other" / "sft" / "model")
    assert stage.reused
    assert not (tmp_path / "this").exists()


def test_its_own_comes_before_one_that_another_run_has_made(plan, data, tmp_path):
    run(tmp_path / "a" / "sft")
    run(tmp_path / "b" / "sft", steps=8)
    assert obtain_stage(plan, data, tmp_path / "b").folder == tmp_path / "b" / "sft"


@pytest.mark.parametrize(
    "other",
    [{"text": "lr: 0.2\n"}, {"inputs": {"data": "d2"}}, {"finished": False}],
    ids=lambda other: next(iter(other)),
)
def test_one_of_another_configuration_of_other_data_or_unfinished_is_not(plan, data, tmp_path, other):
    run(tmp_path / "other" / "sft", **other)
    with pytest.raises(Asked):
        obtain_stage(plan, data, tmp_path / "this")
    assert (tmp_path / "this" / "sft" / "config.yaml").read_text() == TEXT


def test_a_finished_folder_is_not_trained_again(plan, data, tmp_path):
    run(tmp_path / "sft")
    assert train_stage(plan, data, {}, tmp_path / "sft").reused
