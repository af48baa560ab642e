import io
import os
import pty
import subprocess
import sys

import pytest
from rich.console import Console

from rmexp.live_display import Counted, LiveDisplay, Scene, can_draw, lines
from rmexp.phases import Phase, Work

TRAINING = Work(Phase.TRAINING, "reward", 100.0, elsewhere=False)
VALIDATING = Work(Phase.VALIDATING, "after step 20", 128.0, elsewhere=False)
FIGURES = {
    "loss": "0.41",
    "accuracy": "78.1 %",
    "margin": "0.92",
    "lr": "0.0001",
    "examples/s": "148",
    "tokens/s": "12,300",
}
HALF = Counted(1, 20, 40, FIGURES, (0, 110.0))


def drawn(width, works=(TRAINING,), counted=HALF, heading="", now=130.0, plain=False):
    return [line.plain for line in lines(Scene(heading, works, counted, now, plain), width)]


def test_a_phase_says_what_it_waits_for_and_for_how_long():
    (line,) = drawn(80, counted=None, now=103.4)
    assert line[2:] == "training  reward  3 s"


@pytest.mark.parametrize("width", [80, 40, 24, 10])
def test_no_line_is_longer_than_the_terminal_is_wide(width):
    found = drawn(width, (TRAINING, VALIDATING), heading="cell 3 of 8: optimizer.lr=0.0001,seed=12345; best so far 0.5")
    assert max(map(len, found)) <= width


def test_a_bar_with_its_figures_and_the_time_left():
    bar, figures, more = drawn(80)
    assert bar == f"training {'━' * 20}{'╌' * 20} 20/40  0:20 left"  # twenty steps in twenty seconds
    assert figures == "loss 0.41   accuracy 78.1 %   margin 0.92   lr 0.0001   examples/s 148"
    assert more == "tokens/s 12,300"


def test_a_validation_stands_below_the_bar_that_waits_for_it():
    found = drawn(80, (TRAINING, VALIDATING))
    assert found[0].startswith("training ━")
    assert found[-1][2:] == "validating  after step 20  2 s"


def test_a_narrow_terminal_has_a_shorter_bar_or_none():
    assert drawn(40)[0] == f"training {'━' * 7}{'╌' * 7} 20/40  0:20 left"
    assert drawn(24)[0] == "training 20/40  0:20 ..."


def test_a_terminal_of_ascii():
    assert drawn(80, plain=True)[0] == f"training {'#' * 20}{'.' * 20} 20/40  0:20 left"
    assert drawn(80, counted=None, plain=True)[0][0] in "|/-\\"


def test_hours_are_hours():
    assert "1:06:40 left" in drawn(80, counted=HALF._replace(first=(0, 130.0 - 4000)))[0]


@pytest.fixture
def display():
    console = Console(file=io.StringIO(), force_terminal=True, width=60, highlight=False)
    shown = LiveDisplay(console)
    yield shown
    shown.stop()


def test_lines_are_written_above_and_nothing_is_left_of_what_was_drawn(display):
    display.changed([TRAINING])
    display.say("step 5  [bold]val/loss[/bold] 0.5 " + "long " * 20)
    display.changed([])
    output = display.console.file.getvalue()
    assert "training" in output
    assert "step 5  [bold]val/loss[/bold] 0.5 " + "long " * 20 in output
    assert output.endswith("\x1b[2K")  # the last line is erased
    assert output.count("\x1b[?25h") >= output.count("\x1b[?25l")  # and the cursor is there


def test_what_other_processes_do_is_theirs_to_draw(display):
    display.changed([TRAINING._replace(elsewhere=True)])
    assert display.console.file.getvalue() == ""


def test_a_count_ends_with_its_phase(display):
    display.changed([TRAINING])
    display.counted(1, 2, {})
    display.changed([TRAINING, VALIDATING])
    display.changed([])
    display.changed([VALIDATING])
    assert "1/2" not in display._drawn().plain


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"TERM": "xterm", "JPY_PARENT_PID": "1"}, False)],
)
def test_only_a_terminal_with_a_cursor_is_drawn_on(variables, expected, monkeypatch):
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    with os.fdopen(ours), os.fdopen(theirs, "w") as stream:
        assert can_draw(stream) is expected


def test_a_file_is_not_drawn_on():
    assert not can_draw(io.StringIO())


PROGRAM = """
import os, time
from rmexp.standard_streams import standard_streams
from rmexp.phases import Phase, counting, phase
import logging
with counting(), standard_streams(), phase(Phase.READING, "pairs"):
    if os.fork() == 0:
        logging.getLogger("rmexp").info("from a child")
        with phase(Phase.SAVING, "nothing"):
            os._exit(0)
    os.wait()
    logging.getLogger("rmexp").info("from its parent")
"""


def test_a_process_that_is_forked_off_writes_plain_lines():
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm"}
    )
    assert process.wait(timeout=30) == 0
    os.close(theirs)
    written = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "from a child\r\n" in written
    assert "from its parent" in written
