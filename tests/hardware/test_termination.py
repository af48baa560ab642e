import os
import signal
import time
from multiprocessing import get_context

import pytest

from rmexp.hardware.termination import told_of_termination


def end():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)


def test_sigterm_ends_a_block_as_ctrl_c_does():
    with pytest.raises(KeyboardInterrupt), told_of_termination():
        end()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_what_was_forked_off_ends_with_it_and_says_nothing():
    begun = get_context("fork").Event()
    child = get_context("fork").Process(target=lambda: (begun.set(), time.sleep(60)))

    def begin_and_end():
        child.start()
        begun.wait(10)
        end()

    with pytest.raises(KeyboardInterrupt), told_of_termination():
        begin_and_end()
    child.join(10)
    assert child.exitcode == -signal.SIGTERM


def test_a_handler_that_is_there_stays():
    own = lambda number, frame: None  # noqa: E731
    signal.signal(signal.SIGTERM, own)
    try:
        with told_of_termination():
            assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
