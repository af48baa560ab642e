"""What the processes of a run tell each other beside gradients. A process that is alone has it all already.

All processes must ask, and in the same order.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

from rmexp.hardware.processes import this_process
from rmexp.hardware.slurm import meeting_point

Item = TypeVar("Item")
Found = TypeVar("Found")

PATIENCE = timedelta(days=7)  # with a process that has more to do than the others
_on_hosts: tuple[Any, Any] | None = None  # the group of all processes, and the one of their hosts


@contextmanager
def joined() -> Iterator[None]:
    """Connect processes, on their hosts, for the time of a block: those of a launcher, or that one has started.

    Raises:
        ValueError: in the first, where another one has ended too early.
        SystemExit: in the others, where the first has ended, or is about to.
    """
    process = this_process()
    at = f"tcp://127.0.0.1:{process.port}" if process.port is not None else "env://"
    if process.port is None and "MASTER_ADDR" not in os.environ:
        host, port = meeting_point()
        os.environ |= {"MASTER_ADDR": host, "MASTER_PORT": str(port)}
    use_own_device()
    distributed.init_process_group("gloo", at, PATIENCE, world_size=process.count, rank=process.number)
    try:
        with lost_told(lambda: "the same command goes on where it was"):
            yield
            part()
    except SystemExit as error:
        if not error.code:
            part()
        raise
    finally:
        distributed.destroy_process_group()


@contextmanager
def lost_told(goes_on: Callable[[], str]) -> Iterator[None]:
    """Say in a sentence that another process of a launcher has ended, where torch tells of connections.

    Args:
        goes_on: says what the same command does then.

    Raises:
        ValueError: in the first process.
        SystemExit: in the others, which have nothing to add.
    """
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, distributed.DistError) or "gloo" in str(error)):
            raise
        if this_process().number:
            raise SystemExit(1) from None
        raise ValueError(f"another process of the run has ended; {goes_on()}") from error


def part() -> None:
    """Wait until all have nothing left to say: one that ended while others listen would be taken for dead."""
    if rank_and_count()[1] > 1:
        with suppress(RuntimeError):
            distributed.barrier(_hosts())


def use_own_device(devices: Sequence[int] = ()) -> None:
    """Let what this process loads go to the accelerator that is its own by its number on the machine.

    Args:
        devices: numbers of those that the processes have; none for the first ones.
    """
    process = this_process()
    launched = os.environ.get("LOCAL_RANK") or os.environ.get("SLURM_LOCALID") or 0
    number = int(launched) if process.port is None else process.number
    if torch.accelerator.is_available():
        index = devices[number] if devices else number % torch.accelerator.device_count()
        torch.accelerator.set_device_index(index)


def rank_and_count() -> tuple[int, int]:
    """The number of this process among those that are connected, and how many there are."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def _hosts() -> Any:
    """The group of what lies on hosts; None for that of all. Of another, every word would wait for the devices."""
    global _on_hosts
    if distributed.get_backend() == distributed.Backend.GLOO:
        return None
    whole = distributed.group.WORLD
    if _on_hosts is None or _on_hosts[0] is not whole:
        _on_hosts = whole, distributed.new_group(backend=distributed.Backend.GLOO, timeout=PATIENCE)
    return _on_hosts[1]


def from_all(own: Found) -> list[Found]:
    """What each process has, those of the first one first."""
    _, count = rank_and_count()
    if count == 1:
        return [own]
    found: list[Any] = [None] * count
    distributed.all_gather_object(found, own, _hosts())
    return found


def from_first(own: Found) -> Found:
    """What the first process has; the others may have anything."""
    _, count = rank_and_count()
    if count == 1:
        return own
    found: list[Any] = [own]
    distributed.broadcast_object_list(found, src=0, group=_hosts())
    return found[0]  # type: ignore[no-any-return]


def attempted(work: Callable[[], Found]) -> list[Found]:
    """What a function gives in each process; a mistake that one of them meets is told by the first.

    Args:
        work: what it gives is sent to the other processes.

    Raises:
        ValueError: in the first process, where the function raised one in any.
        SystemExit: in the others then, which have nothing to add.
    """
    rank, count = rank_and_count()
    if count == 1:
        return [work()]
    problem: str | None = None
    own: Any = None
    try:
        own = work()
    except ValueError as error:
        problem = str(error)
    told = from_all((own, problem))
    for _, sentence in told:
        if sentence is not None:
            if rank:
                raise SystemExit(1)
            raise ValueError(sentence)
    return [found for found, _ in told]


def added(values: Tensor) -> Tensor:
    """The sum of what all processes have, element by element."""
    if rank_and_count()[1] == 1:
        return values
    total = values.clone()
    distributed.all_reduce(total)
    return total


def shared_out(items: Sequence[Item], work: Callable[[Item], Found]) -> list[Found]:
    """What a function gives for each item: each process asks it of every n-th, and all get all.

    Args:
        items: the same in all processes.
        work: of an item; what it gives is sent to the other processes.

    >>> shared_out([1, 2, 3], lambda number: number + 1)
    [2, 3, 4]
    """
    rank, count = rank_and_count()
    return in_turn(from_all([work(item) for item in items[rank::count]]), len(items))


def in_turn(shares: Sequence[Sequence[Found]], total: int) -> list[Found]:
    """Shares of which each has every n-th, put together again.

    Args:
        shares: of each process; what is there beyond the total counts for nothing.
        total: of all.

    >>> in_turn([["a", "c", "e"], ["b", "d", "a"]], 5)
    ['a', 'b', 'c', 'd', 'e']
    """
    return [shares[number % len(shares)][number // len(shares)] for number in range(total)]
