import pytest

from rmexp.stages.parts import TrackerParts
from rmexp.stages.trainer import trackers


@pytest.mark.parametrize(
    ("inside_a_run", "sweep", "name", "belongs_to"),
    [
        (False, None, "reward", None),
        (False, "lr", "reward", "lr"),
        (True, None, "outer/reward", "outer"),
        (True, "lr", "outer/reward", "lr"),
    ],
)
def test_a_run_is_named_by_the_comparison_and_grouped_by_the_sweep_that_it_is_in(
    tmp_path, inside_a_run, sweep, name, belongs_to
):
    outer = tmp_path / "outer"
    outer.mkdir()
    if inside_a_run:
        (outer / "config.yaml").touch()
    tracker = TrackerParts(lambda run: run, {"seed": 0}, sweep)
    (run,) = trackers(tracker, "reward", outer / "reward")
    assert (run.folder, run.name, run.belongs_to, run.task) == (outer / "reward", name, belongs_to, "reward")
    assert run.config == {"seed": 0}


def test_without_a_tracker_there_is_none(tmp_path):
    assert trackers(None, "reward", tmp_path) == []
