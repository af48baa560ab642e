"""What a run waits for, drawn at the foot of a terminal while it goes on; what is logged stands above it."""

import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from rmexp.phases import Work, unwatched
from rmexp.reports.terminal import wrapped

SPINNER, PLAIN_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\"
TURNS_PER_SECOND, DRAWINGS_PER_SECOND = 10, 4
SHORTEST_BAR, LONGEST_BAR = 6, 40
IN_A_NOTEBOOK = "JPY_PARENT_PID"  # of the environment: its cells give commands a terminal that cannot move a cursor


class Counted(NamedTuple):
    """How far a phase is.

    Attributes:
        depth: phases that had begun when it was counted; it is that of the innermost.
        done: steps, iterations or records.
        total: of them.
        figures: by name.
        first: steps that were done when counting began, and when that was.
    """

    depth: int
    done: int
    total: int
    figures: Mapping[str, str]
    first: tuple[int, float]


class Scene(NamedTuple):
    """What is to be drawn.

    Attributes:
        heading: what all of it belongs to; empty for nothing.
        works: the phases that have begun, the outermost first.
        counted: how far one of them is; None where none counts.
        now: by `time.perf_counter`.
        plain: whether the terminal knows ASCII alone.
    """

    heading: str
    works: Sequence[Work]
    counted: Counted | None
    now: float
    plain: bool


class LiveDisplay:
    """A watcher of phases that draws them while there are any.

    Args:
        console: to draw on; None for standard error.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = Console(stderr=True, highlight=False) if console is None else console
        self._heading, self._counted = "", None  # type: tuple[str, Counted | None]
        self._works: list[Work] = []
        self._live: Live | None = None
        self._draws = True
        os.register_at_fork(after_in_child=self._forked)

    def changed(self, works: Sequence[Work]) -> None:
        """Draw the phases; none leave the terminal to others."""
        self._works = list(works)
        if self._counted is not None and self._counted.depth > len(works):
            self._counted = None
        if not works or works[-1].elsewhere:
            self.stop()
        elif self._live is None:
            self._start()
        elif len(works) == 1:
            self._live.refresh()  # an import may leave no other thread a turn

    def counted(self, done: int, total: int, figures: Mapping[str, str]) -> None:
        """Draw how far the newest phase is."""
        before, depth = self._counted, len(self._works)
        first = (done, time.perf_counter()) if before is None or before.depth != depth else before.first
        self._counted = Counted(depth, done, total, figures, first)

    def headed(self, heading: str) -> None:
        """Draw what the phases belong to."""
        self._heading = heading

    def stop(self) -> None:
        """Leave nothing drawn."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _start(self) -> None:
        self._live = Live(
            get_renderable=self._drawn,
            console=self.console,
            refresh_per_second=DRAWINGS_PER_SECOND,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._live.start(refresh=True)
        self.console.show_cursor(True)  # a process that is killed must not leave it hidden

    def _drawn(self) -> Text:
        plain = not self.console.encoding.startswith("utf")
        scene = Scene(self._heading, self._works, self._counted, time.perf_counter(), plain)
        return Text("\n").join(lines(scene, self.console.width))

    def say(self, text: str) -> None:
        """Write a line above what is drawn, however long."""
        if self._draws:
            self.console.print(Text(text), soft_wrap=True)
        else:
            sys.stderr.write(f"{text}\n")

    def _forked(self) -> None:
        """Let a process that was forked off write plain lines: nobody draws there, and a lock may be held for ever."""
        if self._live is not None:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        self._live, self._draws = None, False
        unwatched()


class AboveDisplay(logging.Handler):
    """Writes what is logged above what is drawn."""

    def __init__(self, display: LiveDisplay) -> None:
        super().__init__()
        self.display = display

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        self.display.say(self.format(record))


def can_draw(stream: TextIO) -> bool:
    """Whether a stream is a terminal whose cursor can be moved."""
    return stream.isatty() and not Console(file=stream).is_dumb_terminal and IN_A_NOTEBOOK not in os.environ


def lines(scene: Scene, width: int) -> list[Text]:
    """What is drawn, line by line, none longer than the terminal is wide."""
    drawn = [Text(line, "bold") for line in wrapped(scene.heading.split(), " ", width)]
    counted, works = scene.counted, scene.works
    if counted is not None and counted.depth <= len(works):
        drawn.append(_bar(works[counted.depth - 1], counted, scene, width))
        figures = [f"{name} {value}" for name, value in counted.figures.items()]
        drawn += [Text(line) for line in wrapped(figures, "   ", width)]
        works = works[counted.depth :]
    if works:
        drawn.append(_waiting(works[-1], scene, width))
    for line in drawn:
        line.truncate(width)
    return drawn


def _waiting(work: Work, scene: Scene, width: int) -> Text:
    spinner = PLAIN_SPINNER if scene.plain else SPINNER
    turn = spinner[int(scene.now * TURNS_PER_SECOND) % len(spinner)]
    seconds = f"  {scene.now - work.began:.0f} s"
    what = f"  {work.what}" if work.what else ""
    room = width - len(f"{turn} {work.name}{seconds}")
    return Text.assemble(f"{turn} ", (work.name, "bold"), _cut(what, room), seconds)


def _bar(work: Work, counted: Counted, scene: Scene, width: int) -> Text:
    name = work.name
    first, began = counted.first
    left = ""
    if counted.done > first:
        left = f"  {_clock((scene.now - began) / (counted.done - first) * (counted.total - counted.done))} left"
    told = f" {counted.done:,}/{counted.total:,}{left}"
    size = min(LONGEST_BAR, width - len(name) - 1 - len(told))
    if size < SHORTEST_BAR:
        return Text.assemble((name, "bold"), _cut(told, width - len(name)))
    done = size * counted.done // max(counted.total, 1)
    filled, empty = ("#", ".") if scene.plain else ("━", "╌")
    return Text.assemble((name, "bold"), " ", (filled * done, "cyan"), (empty * (size - done), "dim"), told)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: max(width - 3, 0)]}..."[: max(width, 0)]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
