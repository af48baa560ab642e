"""What a run is doing now, told to whoever watches, and the seconds that each kind of work has taken.

Parts of the program say what they begin with `phase`. Where nobody counts, as when they are used from Python, that
does nothing. A phase inside another stops its clock: the seconds of all phases add up to no more than those of the run.
"""

import gc
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import NamedTuple, Protocol

log = logging.getLogger(__name__)


class Phase(StrEnum):
    """Kinds of work that a run waits for."""

    CONFIGURATION = "configuration"  # composed and checked
    IMPORTS = "imports"
    READING = "reading"
    LEAKS = "leaks"
    MODEL = "model"  # loaded or made
    ENCODING = "encoding"
    TRAINING = "training"
    VALIDATING = "validating"
    EVALUATING = "evaluating"
    SAVING = "saving"


class Work(NamedTuple):
    """A phase that has begun.

    Attributes:
        phase: its kind.
        what: it waits for, in words; empty where the kind says it all.
        began: by `time.perf_counter`.
        elsewhere: whether other processes do it, which write to the terminal themselves.
    """

    phase: Phase
    what: str
    began: float
    elsewhere: bool

    def __str__(self) -> str:
        return f"{self.name}: {self.what}" if self.what else self.name

    @property
    def name(self) -> str:
        """Its kind, in words: of leaks, that they are looked for, not found."""
        return "looking for leaks" if self.phase is Phase.LEAKS else self.phase.value


class Watcher(Protocol):
    """Who is told what goes on."""

    def changed(self, works: Sequence[Work]) -> None:
        """Hear of the phases that have begun and not ended, the outermost first."""

    def counted(self, done: int, total: int, figures: Mapping[str, str]) -> None:
        """Hear how far the newest phase is, see `progressed`."""

    def headed(self, heading: str) -> None:
        """Hear what all phases from now on belong to; empty for nothing."""


class _Run:
    """The works and the accounts of one thread."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.accounts: list[dict[str, float]] = []
        self.interrupted: Work | None = None
        self.said: set[str] = set()  # lines of the log: what is done again is not said again
        self._since = time.perf_counter()

    def count(self) -> None:
        """Add the seconds since the last call to the phase that is running."""
        now = time.perf_counter()
        if self.works:
            name = self.works[-1].phase.value
            for account in self.accounts:
                account[name] = account.get(name, 0.0) + now - self._since
        self._since = now


_RUN: ContextVar[_Run | None] = ContextVar("rmexp_run", default=None)
_watchers: list[Watcher] = []


@contextmanager
def counting() -> Iterator[None]:
    """Count the seconds of the phases in a block, see `phase_seconds`; a block in another counts for itself."""
    run = _RUN.get()
    token = None
    if run is None:
        run = _Run()
        token = _RUN.set(run)
    run.count()
    account: dict[str, float] = {}
    run.accounts.append(account)
    try:
        yield
    finally:
        run.count()
        run.accounts.pop()
        if token is not None:
            _RUN.reset(token)


def phase_seconds() -> dict[str, float]:
    """Of each phase since the innermost `counting` block began, to the hundredth; none where nobody counts."""
    run = _RUN.get()
    if run is None:
        return {}
    run.count()
    account = run.accounts[-1]
    return {kind.value: round(account[kind], 2) for kind in Phase if kind in account}


@contextmanager
def phase(kind: Phase, what: str = "", *, elsewhere: bool = False) -> Iterator[None]:
    """Say that a block is work of one kind; where nobody watches, the log has a line of one that is in no other.

    Args:
        kind: of work.
        what: it waits for, in words.
        elsewhere: whether other processes do it, which write to the terminal themselves.
    """
    run = _RUN.get()
    if run is None:
        yield
        return
    run.count()
    work, above = Work(kind, what, time.perf_counter(), elsewhere), len(run.works)
    run.works.append(work)
    if not _watchers and not above and what and str(work) not in run.said:
        run.said.add(str(work))
        log.info("%s", work)
    _tell(run)
    try:
        yield
    except KeyboardInterrupt:
        run.interrupted = run.interrupted or work
        raise
    finally:
        run.count()
        del run.works[above:]  # an error may have left others unended
        _tell(run)


@contextmanager
def importing(what: str = "") -> Iterator[None]:
    """Say that a block imports modules, and look for no garbage meanwhile: nearly all that they make stays.

    Args:
        what: is imported, in words.
    """
    looking = gc.isenabled()
    gc.disable()
    try:
        with phase(Phase.IMPORTS, what):
            yield
    finally:
        if looking:
            gc.enable()


def progressed(done: int, total: int, figures: Mapping[str, str] | None = None) -> bool:
    """Tell how far the newest phase is.

    Args:
        done: steps, iterations or records.
        total: of them.
        figures: by name, as they are to be read.

    Returns:
        Whether somebody watches.
    """
    for watcher in _watchers[-1:]:
        watcher.counted(done, total, figures or {})
    return bool(_watchers)


@contextmanager
def heading(text: str) -> Iterator[None]:
    """Say what all phases in a block belong to, such as one cell of many; where nobody watches, in the log."""
    if not _watchers:
        log.info("%s", text)
    if (run := _RUN.get()) is not None:
        run.said.clear()
    for watcher in _watchers[-1:]:
        watcher.headed(text)
    try:
        yield
    finally:
        for watcher in _watchers[-1:]:
            watcher.headed("")


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Let somebody watch for the time of a block."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def unwatched() -> None:
    """Let nobody watch any more: a process that was forked off has no terminal of its own."""
    _watchers.clear()


def interruption() -> str:
    """What Ctrl-C has ended, in words."""
    run = _RUN.get()
    return f"interrupted during {run.interrupted}" if run is not None and run.interrupted else "interrupted"


def in_words(account: Mapping[str, float]) -> str:
    """Seconds of phases as a line, without those that took none.

    >>> in_words({"imports": 4.13, "reading": 0.0, "training": 5.0})
    'imports 4.1 s, training 5.0 s'
    """
    return ", ".join(f"{name} {value:.1f} s" for name, value in account.items() if value >= 0.05)


def _tell(run: _Run) -> None:
    for watcher in _watchers[-1:]:
        watcher.changed(run.works)
