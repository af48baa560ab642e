import gc
import logging
import threading

import pytest

from rmexp import phases
from rmexp.phases import (
    Phase,
    counting,
    heading,
    importing,
    interruption,
    phase,
    phase_seconds,
    progressed,
    watched_by,
)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still; what it is given passes."""
    now = [100.0]
    monkeypatch.setattr(phases.time, "perf_counter", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


class Seen:
    def __init__(self):
        self.told = []

    def changed(self, works):
        self.told.append([str(work) for work in works])

    def counted(self, done, total, figures):
        self.told.append((done, total, figures))

    def headed(self, text):
        self.told.append(text)


def test_a_phase_in_another_stops_its_clock(clock):
    with counting():
        clock(1)  # of nothing
        with phase(Phase.TRAINING):
            clock(2)
            with phase(Phase.VALIDATING):
                clock(4)
            clock(8)
        with phase(Phase.VALIDATING):
            clock(16)
        clock(32)
        assert phase_seconds() == {"training": 10.0, "validating": 20.0}


def test_a_block_in_another_counts_for_itself_and_for_both(clock):
    with counting():
        with phase(Phase.READING):
            clock(1)
        with counting():
            with phase(Phase.SAVING):
                clock(2)
            assert phase_seconds() == {"saving": 2.0}
        assert phase_seconds() == {"reading": 1.0, "saving": 2.0}


def test_a_phase_that_runs_counts_up_to_now(clock):
    with counting(), phase(Phase.ENCODING):
        clock(3)
        assert phase_seconds() == {"encoding": 3.0}


def test_where_nobody_counts_nothing_happens(caplog):
    with caplog.at_level(logging.INFO, "rmexp"), phase(Phase.READING, "a file"):
        assert phase_seconds() == {}
    assert not caplog.messages


def test_other_threads_do_not_count(clock):
    def work():
        with phase(Phase.SAVING):
            clock(5)

    with counting():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert phase_seconds() == {}


def test_the_log_has_a_line_of_each_phase_that_is_in_no_other(caplog):
    with caplog.at_level(logging.INFO, "rmexp"), counting(), heading("cell 1 of 2"):
        with phase(Phase.READING, "a file"), phase(Phase.ENCODING, "4 responses"):
            assert not progressed(1, 2)
        with phase(Phase.IMPORTS):
            pass
    assert caplog.messages == ["cell 1 of 2", "reading: a file"]


def test_a_watcher_hears_of_everything_and_the_log_of_nothing(caplog):
    seen = Seen()
    caplog.set_level(logging.INFO, "rmexp")
    with counting(), watched_by(seen), heading("cell 1 of 2"), phase(Phase.READING, "a file"), phase(Phase.IMPORTS):
        assert progressed(1, 2, {"loss": "0.5"})
    reading = ["reading: a file"]
    expected = ["cell 1 of 2", reading, [*reading, "imports"], (1, 2, {"loss": "0.5"}), reading, [], ""]
    assert seen.told == expected
    assert not caplog.messages


def test_what_an_error_leaves_unended_ends_with_the_phase_around_it(clock):
    unended = phase(Phase.VALIDATING)

    def work():
        with phase(Phase.TRAINING):
            unended.__enter__()
            clock(1)
            raise ValueError("bad")

    with counting():
        with pytest.raises(ValueError, match="bad"):
            work()
        with phase(Phase.SAVING):
            clock(2)
        assert phase_seconds() == {"training": 0.0, "validating": 1.0, "saving": 2.0}


def test_an_interruption_names_the_innermost_phase():
    with counting():
        assert interruption() == "interrupted"
        with pytest.raises(KeyboardInterrupt), phase(Phase.EVALUATING, "val"), phase(Phase.ENCODING, "8 responses"):
            raise KeyboardInterrupt
        assert interruption() == "interrupted during encoding: 8 responses"


def test_leaks_are_looked_for_not_found(clock):
    told = []

    class Hears:
        def changed(self, works):
            told.extend(map(str, works))

        def counted(self, done, total, figures): ...

        def headed(self, heading): ...

    with watched_by(Hears()), counting(), phase(Phase.LEAKS, "training prompts of x in what is held out"):
        clock(1.0)
    assert told[0] == "looking for leaks: training prompts of x in what is held out"


def test_nothing_is_looked_through_for_garbage_while_modules_are_imported():
    with counting(), importing("torch"):
        assert not gc.isenabled()
        with importing():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_import_that_fails_leaves_garbage_to_be_collected():
    with pytest.raises(ModuleNotFoundError), importing():
        raise ModuleNotFoundError
    assert gc.isenabled()
