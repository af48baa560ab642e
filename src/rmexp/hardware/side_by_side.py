"""Parts of one work side by side, in processes that are forked off this one and share all that it knows.

They are for work of Python's own, on texts: nothing of torch runs in them. Where one processor is meant for this
process, or it is one of several itself, all parts are done here.
"""

import gc
import logging
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from rmexp.hardware.processes import end_with, this_process
from rmexp.hardware.processors import processors

log = logging.getLogger(__name__)

P = TypeVar("P")
R = TypeVar("R")

MOST = 8  # processes: more would wait for this one, which puts together what they have done
AHEAD = 2  # parts for each process that are done or waited for beyond the one that is asked for


def hands() -> int:
    """How many processes may do the parts of a work, this one where it is 1."""
    alone = multiprocessing.parent_process() is None and this_process().count == 1
    return min(processors(), MOST) if sys.platform == "linux" and alone else 1


def side_by_side(work: Callable[[P], R], parts: Sequence[P]) -> Generator[R, None, None]:
    """What `work` makes of each part, in their order; few are held at once. Who may stop early closes it.

    Args:
        work: changes nothing that anybody else looks at; neither it nor what it knows is copied.
        parts: each is sent to a process, and what it comes to is sent back.

    Raises:
        ValueError: a process was killed.
    """
    count = min(hands(), len(parts))
    if count < 2:
        yield from map(work, parts)
        return
    try:
        with _one_thread_each(), forked(count, _know, work) as pool:
            waiting, rest = deque[Future[R]](), iter(parts)
            for part in rest:
                waiting.append(pool.submit(_done, part))
                if len(waiting) > AHEAD * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise ValueError(
            "a process that was forked off this one has been killed (is there enough memory? "
            "OMP_NUM_THREADS=1 does all in one process)"
        ) from error


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Do a work in a process that is forked off while a block runs, where there is another processor for it.

    The end of the block waits for the work; where the block fails, or either is interrupted, the work is given up.

    Args:
        work: leaves what it comes to in files; where it fails, whoever needs them does it again.
    """
    if hands() < 2:
        yield
        return
    with _one_thread_each(), forked(1, _know, partial(_done_alone, work)) as pool:
        done = pool.submit(_done, None)
        try:
            yield
            failed = done.exception()
        except BaseException:
            for process in pool._processes.values():  # as `kill_workers` does from Python 3.14 on
                process.kill()
            raise
    if failed is not None:
        log.debug("what was done beside this process has failed", exc_info=failed)


def _done_alone(work: Callable[[], object], _: None) -> None:
    """Do a work that has no parts; what it comes to is not sent back."""
    work()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let tokenizers start no threads in what is forked off, where they would wait for ever, and not warn of that."""
    name = "TOKENIZERS_PARALLELISM"
    before = os.environ.get(name)
    os.environ[name] = "false"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def forked(count: int, begin: Callable[..., None], *arguments: Any) -> Iterator[ProcessPoolExecutor]:
    """Processes that are forked off this one when the first work is submitted, and end where it ends.

    Args:
        count: of them.
        begin: what each does first.
        arguments: for that; they are not sent but shared.
    """
    gc.freeze()  # or a look for garbage would make each process copy what all of them share
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("fork"), _begin, (begin, arguments))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        gc.unfreeze()


_work: Callable[[Any], Any]  # that this process was forked off for


def _begin(begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    begin(*arguments)
    end_with(os.getppid())


def _know(work: Callable[[Any], Any]) -> None:
    """Know the work, and leave Ctrl-C to the process that waits for it; garbage is looked for between parts alone."""
    global _work
    _work = work
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _done(part: Any) -> Any:
    try:
        return _work(part)
    finally:
        gc.collect()
