"""Trackers that fail at any moment, beside one that does not."""

import pytest
from tests.tracking.conftest import tracked_run

from rmexp.tracking.tracked_run import Results
from rmexp.tracking.trackers import tracked


class Recorder:
    """Keeps what it is told, and fails in the method that it is to fail in."""

    last_step = 0

    def __init__(self, fails_in=None):
        self.fails_in, self.heard = fails_in, []

    def open(self, run):
        self._hear("open", run.name)
        return self

    def figures(self, step, values):
        self._hear("figures", step)

    def results(self, results):
        self._hear("results", dict(results.figures))

    def close(self, outcome):
        self._hear("close", outcome)

    def _hear(self, what, told):
        if what == self.fails_in:
            raise RuntimeError("no  such\nserver")
        self.heard.append((what, told))


def told(folder, *trackers, **options):
    named = dict(zip(("first", "second"), trackers, strict=True))
    with tracked(named, tracked_run(folder), **options) as run:
        run.log_metrics({"train/loss": 1.0}, 1)
        run.log_metrics({"train/loss": 0.5}, 2)
        run.results(Results({"a": 1.0}))
    return run


@pytest.mark.parametrize("where", ["open", "figures", "results", "close"])
def test_one_that_fails_is_told_of_once_and_the_other_hears_all(folder, caplog, where):
    failing, sound = Recorder(where), Recorder()
    assert told(folder, failing, sound).failed == ["first"]
    assert sound.heard == [
        ("open", "seed=0"), ("figures", 1), ("figures", 2), ("results", {"a": 1.0}), ("close", "finished")
    ]  # fmt: skip
    assert [line for line in caplog.messages if "no such server" in line] == [
        "first: no such server; it is not told any more, the run folder has everything"
    ]
    assert caplog.messages[-1].endswith(f"send it with: rmexp track path='{folder}' logger=first")


def test_one_that_cannot_be_opened_before_anything_has_begun_is_refused(folder):
    sound = Recorder()
    with pytest.raises(RuntimeError, match="no"):
        told(folder, sound, Recorder("open"), begun=False)
    assert sound.heard[-1] == ("close", "failed")
