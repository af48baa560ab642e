"""Processes that are forked off; what they do uses no torch, which has run in this process already."""

import os
import signal
import time
from collections import deque
from multiprocessing import get_context

import pytest

from rmexp.hardware import side_by_side as module
from rmexp.hardware.processes import OWN
from rmexp.hardware.side_by_side import AHEAD, MOST, beside, hands, side_by_side


@pytest.fixture(autouse=True)
def two(monkeypatch):
    monkeypatch.setattr(module, "processors", lambda: 2)


def squared(number):
    return number * number, os.getpid()


def test_parts_are_done_by_others_and_come_in_their_order():
    found = list(side_by_side(squared, range(20)))
    assert [square for square, _ in found] == [number * number for number in range(20)]
    assert os.getpid() not in {process for _, process in found}
    assert 1 <= len({process for _, process in found}) <= 2


def test_one_processor_and_one_part_are_done_here(monkeypatch):
    assert list(side_by_side(squared, [3])) == [(9, os.getpid())]
    monkeypatch.setattr(module, "processors", lambda: 1)
    assert list(side_by_side(squared, [3, 4])) == [(9, os.getpid()), (16, os.getpid())]


def test_a_work_is_done_by_another_beside_a_block_which_waits_for_it(tmp_path):
    done = tmp_path / "done"
    with beside(lambda: (time.sleep(0.2), done.write_text(str(os.getpid())))):
        assert not done.exists()
    assert int(done.read_text()) != os.getpid()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_work_is_given_up_where_the_block_beside_it_is(tmp_path, error):
    begun = tmp_path / "begun"

    def work():
        begun.write_text(str(os.getpid()))
        time.sleep(60)

    def interrupted():
        while not begun.exists() or not begun.read_text():
            time.sleep(0.01)
        raise error

    began = time.monotonic()
    with pytest.raises(error), beside(work):
        interrupted()
    assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text()), 0)


@pytest.fixture
def interruptible():
    """Ctrl-C interrupts, also where this was started in the background of a shell, which lets it do nothing."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_work_is_given_up_where_who_waits_for_it_is_interrupted():
    parent, began = os.getpid(), time.monotonic()

    def work():
        time.sleep(0.5)  # until the block has ended
        os.kill(parent, signal.SIGINT)
        time.sleep(60)

    with pytest.raises(KeyboardInterrupt), beside(work):
        pass
    assert time.monotonic() - began < 30


def test_a_work_that_fails_or_has_no_processor_is_left(monkeypatch, tmp_path, caplog):
    caplog.set_level("DEBUG", module.__name__)
    with beside((tmp_path / "before").touch):
        pass
    assert not caplog.records
    with beside(lambda: 1 / 0):
        pass
    assert "has failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.setattr(module, "processors", lambda: 1)
    with beside((tmp_path / "done").touch):
        pass
    assert not (tmp_path / "done").exists()


def test_a_process_has_few_others_and_does_all_itself_where_it_is_one_of_several(monkeypatch):
    assert hands() == 2
    with get_context("fork").Pool(1) as pool:
        assert pool.apply(hands) == 1
    monkeypatch.setattr(module, "processors", lambda: 64)
    assert hands() == MOST
    monkeypatch.setenv(OWN, "0 2 1234 1")
    assert hands() == 1


def test_no_more_is_held_than_a_few_parts_for_each_process(tmp_path):
    def done(number):
        (tmp_path / str(number)).touch()
        return number

    found = side_by_side(done, range(50))
    assert next(found) == 0
    found.close()
    assert len(list(tmp_path.iterdir())) <= 2 * AHEAD + 2


def test_what_is_wrong_with_a_part_is_raised_in_its_turn():
    def refused(number):
        if number >= 3:
            raise ValueError(f"not {number}")
        return number

    found = []
    with pytest.raises(ValueError, match="not 3"):
        found.extend(side_by_side(refused, range(9)))
    assert found == [0, 1, 2]


def test_a_process_that_is_killed_is_a_sentence():
    def killed(number):
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(ValueError, match=r"has been killed \(is there enough memory\?"):
        list(side_by_side(killed, range(9)))


def test_one_that_is_killed_while_nobody_waits_for_it_is_the_same_sentence():
    found = side_by_side(lambda _: os.getpid(), range(20))
    os.kill(next(found), signal.SIGKILL)
    with pytest.raises(ValueError, match="has been killed"):
        deque(time.sleep(0.1) for _ in found)  # until whoever watches the processes knows


@pytest.mark.parametrize("before", [None, "true"])
def test_tokenizers_start_no_threads_there_and_may_here(monkeypatch, before):
    name = "TOKENIZERS_PARALLELISM"
    monkeypatch.delenv(name) if before is None else monkeypatch.setenv(name, before)
    assert list(side_by_side(lambda _: os.environ[name], range(2))) == ["false"] * 2
    assert os.environ.get(name) == before
