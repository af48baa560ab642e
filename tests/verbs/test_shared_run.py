"""Processes that a run starts for what can be shared are connected, and end with it."""

import os
import signal

import pytest
from tests.support.forked import forking

from rmexp.hardware import processes
from rmexp.hardware.group import from_all
from rmexp.hardware.processes import command_line, this_process
from rmexp.verbs.shared_run import connected, leave_to_first


def work(folder, then=lambda: None):
    with connected(3, folder):
        then()
        found = from_all((this_process().number, os.getpid()))
    leave_to_first()
    return found


def following(folder, then):
    def run(arguments):
        assert arguments == ["compare", "a=b"]
        try:
            work(folder, then)
        except SystemExit as error:
            return error.code
        return 9

    return run


def test_those_that_are_started_share_and_end(tmp_path, monkeypatch):
    monkeypatch.setattr(processes.subprocess, "Popen", forking(following(tmp_path, lambda: None)))
    with command_line(["compare", "a=b"]):
        found = work(tmp_path)
    assert [number for number, _ in found] == [0, 1, 2]
    assert len({process for _, process in found}) == 3
    assert this_process().count == 1


def test_one_that_dies_is_told_and_left_in_the_folder(tmp_path, monkeypatch):
    def die():
        if this_process().number == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(processes.subprocess, "Popen", forking(following(tmp_path, die)))
    with command_line(["compare", "a=b"]), pytest.raises(ValueError, match="the same command goes on where it was"):
        work(tmp_path)


def test_nothing_is_started_for_one(tmp_path):
    with connected(1, tmp_path):
        assert this_process().count == 1
    assert not list(tmp_path.iterdir())
