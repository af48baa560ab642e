"""Which tokens of a packed row attend to which, parted into tiles of like size that are computed together.

A token attends to itself, to what its response shares with others, and to the own tokens of its response before it. A
tile is a stretch of at most `TILE` tokens with all that they attend to; most of the row it never looks at.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rmexp.encoding.batches import ResponseBatch

TILE = 96
QUERY_STEP, KEY_STEP = 16, 32  # tiles are filled up to multiples, so that few shapes of matrix products occur
MASKED = -1e30  # finite, since a row of -inf has no softmax
Rows = NDArray[np.int64]
Stretches = tuple[tuple[int, int], ...]  # starts and ends of parts of a row


class Segment(NamedTuple):
    """Tokens `start` to `end` of a row, which also attend to those from `shared_start` to `shared_end`."""

    start: int
    end: int
    shared_start: int
    shared_end: int


class Tile(NamedTuple):
    """Queries `start` to `end`, with the stretches of the row that hold their keys."""

    start: int
    end: int
    stretches: Stretches


class TileGroup(NamedTuple):
    """Tiles of one size: C of them, with Q queries and K keys each, filled up where they have fewer."""

    queries: Tensor  # (C * Q,) int64, which query each is
    keys: Tensor  # (C * K,) int64, which token of the row each is
    mask: Tensor  # (C, Q, K) float32, 0 where a query sees a key, else MASKED
    real: Tensor  # (C, Q, 1) float32, 0 where a query only fills up its tile, else 1
    stretches: tuple[Stretches, ...]  # of the row, one after the other the keys of each tile


class AttentionPlan(NamedTuple):
    """How the attention of some queries is computed."""

    groups: tuple[TileGroup, ...]
    slots: Tensor  # (Q,) int64, where each query stands among those of all groups; behind them for one in none


def segments(batch: ResponseBatch) -> list[Segment]:
    """The row of a batch, in order: tokens that responses share, and the own tokens of each response."""
    found = set()
    fields = (batch.shared_starts, batch.shared_lengths, batch.own_starts, batch.lengths)
    for shared_start, shared, own, length in zip(*(field.tolist() for field in fields), strict=True):
        shared_end = shared_start + shared
        if shared:
            found.add(Segment(shared_start, shared_end, shared_start, shared_start))
        found.add(Segment(own, own + length - shared, shared_start, shared_end))
    return sorted(found)


def attention_plan(
    batch: ResponseBatch, length: int, queries: Tensor | None = None, window: int | None = None
) -> AttentionPlan:
    """The plan for tokens of a packed row.

    Args:
        batch: whose row it is.
        length: number of queries, Q; those behind the wanted ones are in no tile.
        queries: tokens of the row, ascending; None for all of them.
        window: positions that a token looks back, itself among them; None for all.
    """
    row = segments(batch)
    of_row = np.repeat(np.array(row), [part.end - part.start for part in row], axis=0)
    wanted = np.arange(len(of_row)) if queries is None else queries.cpu().numpy()
    positions = batch.position_ids.cpu().numpy()
    sizes: dict[tuple[int, int], list[Tile]] = {}
    for tile in _tiles(row):
        first, end = (int(place) for place in np.searchsorted(wanted, (tile.start, tile.end)))
        if first < end:
            keys = sum(stop - start for start, stop in tile.stretches)
            size = (_filled(end - first, QUERY_STEP), _filled(keys, KEY_STEP))
            sizes.setdefault(size, []).append(Tile(first, end, tile.stretches))
    slots = np.full(length, -1)
    groups, before = [], 0
    for (most_queries, most_keys), tiles in sizes.items():
        query = _stacked([((tile.start, tile.end),) for tile in tiles], most_queries)
        key = _stacked([tile.stretches for tile in tiles], most_keys)
        real = query >= 0
        slots[query[real]] = before + np.flatnonzero(real)
        before += query.size
        seen = _seen(wanted[query], key, of_row, positions, window) & real[..., None] & (key >= 0)[:, None]
        queried, looked_at = (torch.from_numpy(places.clip(0).ravel()) for places in (query, key))
        mask = torch.from_numpy(np.where(seen, np.float32(0), np.float32(MASKED)))
        filled = torch.from_numpy(real[..., None].astype(np.float32))
        groups.append(TileGroup(queried, looked_at, mask, filled, tuple(tile.stretches for tile in tiles)))
    slots[slots < 0] = before
    return AttentionPlan(tuple(groups), torch.from_numpy(slots))


def dense_mask(batch: ResponseBatch, window: int | None = None) -> Tensor:
    """(T, T) whether a token of the row attends to another: what every plan says, without tiles."""
    row = segments(batch)
    of_row = np.repeat(np.array(row), [part.end - part.start for part in row], axis=0)
    every = np.arange(len(of_row))[None]
    return torch.from_numpy(_seen(every, every, of_row, batch.position_ids.cpu().numpy(), window)[0])


def _seen(query: Rows, key: Rows, of_row: Rows, positions: Rows, window: int | None) -> NDArray[np.bool_]:
    """(C, Q, K) whether queries see keys, both tokens of the row: (C, Q) and (C, K)."""
    start, _, shared_start, shared_end = (column[..., None] for column in np.moveaxis(of_row[query], -1, 0))
    query, key = query[..., None], key[:, None]
    seen: NDArray[np.bool_] = ((key <= query) & (key >= start)) | ((key >= shared_start) & (key < shared_end))
    if window is not None:
        seen &= positions[query] - positions[key] < window
    return seen


def _tiles(row: Sequence[Segment]) -> Iterator[Tile]:
    """Short segments together as long as they fit and look at the same stretch; long ones in parts."""
    for first, end, shared in _stretches(row):
        parts = -(-(end - first) // TILE)
        size = _filled(-(-(end - first) // parts), QUERY_STEP)
        for start in range(first, end, size):
            last = min(start + size, end)
            own = (first, last)
            yield Tile(start, last, (shared, own) if shared[0] < shared[1] else (own,))


def _stretches(row: Sequence[Segment]) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Segments that are put together: start, end, and what they see before their start."""
    first, end, shared = 0, 0, (0, 0)
    for part in row:
        inside = part.shared_start >= first  # what it shares lies in the stretch, or it shares nothing
        sees = (0, 0) if inside or part.shared_start == part.shared_end else (part.shared_start, part.shared_end)
        if part.end - first > TILE or sees != shared:
            if end > first:
                yield first, end, shared
            first = part.start
            shared = (part.shared_start, part.shared_end) if part.shared_end > part.shared_start else (0, 0)
        end = part.end
    yield first, end, shared


def _stacked(stretches: Sequence[Stretches], longest: int) -> Rows:
    """(C, longest) tokens of the stretches of each tile, -1 behind them."""
    stacked = np.full((len(stretches), longest), -1)
    for index, own in enumerate(stretches):
        rows = np.concatenate([np.arange(start, end) for start, end in own])
        stacked[index, : len(rows)] = rows
    return stacked


def _filled(count: int, step: int) -> int:
    return -(-count // step) * step
