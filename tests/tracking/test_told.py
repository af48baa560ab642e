"""Who has heard of a finished run already."""

from rmexp.tracking.event_files import EventFiles
from rmexp.tracking.told import mark_told, not_told
from rmexp.tracking.weights_and_biases import WeightsAndBiases


def test_the_same_command_sends_nothing_twice_and_other_settings_or_figures_do(folder, monkeypatch):
    monkeypatch.delenv("WANDB_RUN_ID", raising=False)
    trackers = {"wandb": WeightsAndBiases(), "tensorboard": EventFiles()}
    assert not_told(folder, trackers) == trackers
    mark_told(folder, trackers, ["wandb"])
    assert list(not_told(folder, trackers)) == ["tensorboard"]
    mark_told(folder, trackers, ["tensorboard"])
    assert not_told(folder, trackers) == {}
    assert list(not_told(folder, {"wandb": WeightsAndBiases(tags=["x"])})) == ["wandb"]
    (folder / "summary.json").write_text('{"steps": 3}')
    assert not_told(folder, trackers) == trackers


def test_a_trial_that_an_agent_repeats_is_told_again(folder, monkeypatch):
    trackers = {"wandb": WeightsAndBiases()}
    monkeypatch.setenv("WANDB_RUN_ID", "first")
    mark_told(folder, trackers, trackers)
    assert not_told(folder, trackers) == {}
    monkeypatch.setenv("WANDB_RUN_ID", "second")
    assert not_told(folder, trackers) == trackers
