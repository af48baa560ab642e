import os

import pytest

from rmexp.durable import write_text
from rmexp.verbs.reporting.watching import has_ended, state, watch


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "runs" / "one"
    for name in ("config.yaml", "environment.json", "metrics.csv"):
        write_text(folder / name, "{}")
    return folder


def test_a_page_is_made_again_when_a_file_changes_until_the_run_has_finished(run):
    made = []

    def write():
        made.append(len(made))
        write_text(run / "summary.json", "{}")

    seen = state(run)
    os.utime(run / "metrics.csv", ns=(1, 1))
    assert state(run) != seen
    assert not has_ended(run)
    changes = iter([2, 3])
    watch(run, write, look_again=lambda: os.utime(run / "metrics.csv", ns=(1, next(changes))))
    assert made == [0]
    assert has_ended(run)


def test_a_failure_of_an_earlier_start_is_no_end(run):
    write_text(run / "failure.json", "{}")
    os.utime(run / "failure.json", ns=(1, 1))
    assert not has_ended(run)
    os.utime(run / "failure.json")
    assert has_ended(run)


def test_ctrl_c_ends_the_watching_of_a_folder_of_runs(run):
    def interrupted():
        raise KeyboardInterrupt

    assert state(run.parent) == state(run)
    assert not has_ended(run.parent)
    watch(run.parent, interrupted, look_again=interrupted)
