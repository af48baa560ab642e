"""What the processes of a run tell each other beside gradients. A process that is alone has it all already.

All processes must ask, and in the same order.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from torch import Tensor, distributed

Item = TypeVar("Item")
Found = TypeVar("Found")


def rank_and_count() -> tuple[int, int]:
    """The number of this process among those that are connected, and how many there are."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def from_all(own: Found) -> list[Found]:
    """What each process has, those of the first one first."""
    _, count = rank_and_count()
    if count == 1:
        return [own]
    found: list[Any] = [None] * count
    distributed.all_gather_object(found, own)
    return found


def from_first(own: Found) -> Found:
    """What the first process has; the others may have anything."""
    _, count = rank_and_count()
    if count == 1:
        return own
    found: list[Any] = [own]
    distributed.broadcast_object_list(found, src=0)
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
