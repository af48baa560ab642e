"""Which tokens of a packed row attend to which, parted into tiles of like size that are computed together.

A token attends to itself, to what its response shares with others, and to the own tokens of its response before it. A
tile is a stretch of at most `TILE` tokens with all that they attend to; most of the row it never looks at.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rmexp.encoding.batches import ResponseBatch

TILE = 96
QUERY_STEP, KEY_STEP = 16, 32  # tiles are filled up to multiples, so that few shapes of matrix products occur
GROUP_COST = 16384  # products of a query and a key whose computing takes about as long as what a further group costs
MASKED = -1e30  # finite, since a row of -inf has no softmax
Rows = NDArray[np.signedinteger[Any]]


class Segment(NamedTuple):
    """Tokens `start` to `end` of a row, which also attend to those from `shared_start` to `shared_end`."""

    start: int
    end: int
    shared_start: int
    shared_end: int


class Heads(NamedTuple):
    """Of queries, H, and of keys, G; each key head serves R = H / G query heads, which follow one another."""

    queries: int
    keys: int


class Tile(NamedTuple):
    """Queries `first` to `last` of a plan; their keys are two stretches of the row, of which the first may be empty."""

    first: int
    last: int
    shared_start: int
    shared_end: int
    start: int
    end: int
    keys: int  # how many, filled up
    queries: int


class TileGroup(NamedTuple):
    """Tiles of one size: C of them, with Q queries and K keys each, filled up where they have fewer."""

    queries: Tensor  # (G * C * R * Q,) int64, rows of (H * queries, D): of each tile in turn, head by head
    keys: Tensor  # (G * C * K,) int64, rows of (G * T, D)
    mask: Tensor  # (C, 1, Q, K) float32, 0 where a query sees a key, else MASKED
    real: Tensor | None  # (C, 1, Q, 1) float32, 0 where a query only fills up its tile, else 1; None where all are real


class AttentionPlan(NamedTuple):
    """How the attention of some queries is computed.

    What the groups give is one list of rows for queries and one for keys, of D figures each, group by group in the
    order of `TileGroup.queries` and `TileGroup.keys`.
    """

    groups: tuple[TileGroup, ...]
    slots: Tensor  # (H * queries,) int64, the row of each query of each head; behind them all for one in no tile
    key_slots: Tensor  # (S,) int64, rows that belong to a token as a key, token by token and head by head
    key_ends: Tensor  # (G * T + 1,) int64, where those of each token begin; S at the end


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
    batch: ResponseBatch,
    heads: Heads,
    tokens: int,
    queries: Tensor | None = None,
    *,
    fillers: int = 0,
    window: int | None = None,
) -> AttentionPlan:
    """The plan for tokens of a packed row.

    Args:
        batch: whose row it is.
        heads: of the attention.
        tokens: in the row, T, with those that only fill it up.
        queries: tokens of the row that attend, ascending, on the host; None for all of them, T.
        fillers: behind the queries; they are in no tile.
        window: positions that a token looks back, itself among them; None for all.
    """
    row = segments(batch)
    of_row = np.repeat(np.array(row, dtype=np.int32), [part.end - part.start for part in row], axis=0)
    wanted = np.arange(len(of_row)) if queries is None else queries.numpy()
    count = (tokens if queries is None else len(wanted)) + fillers
    groups, slots, looked_at = [], np.full(heads.queries * count, -1), []
    query_rows = key_count = 0
    for tiles in _groups(_tiles(row, None if queries is None else queries.tolist())):
        query, key = _queries(tiles), _keys(tiles)
        real, known = query >= 0, np.flatnonzero(key >= 0)
        seen = _seen(wanted[query], key, of_row, window)
        shape = (heads.keys, heads.queries // heads.keys, *query.shape)
        of_query = _by_head(query, heads.queries, count).reshape(shape).swapaxes(1, 2)
        rows, of_query = _held(real, of_query.shape), of_query.ravel()
        groups.append(_group(of_query, _by_head(key, heads.keys, tokens).ravel(), seen, real))
        slots[of_query[rows]] = query_rows + rows
        looked_at.append(np.stack([key.ravel()[known], key_count + known, np.full(len(known), key.size)]))
        query_rows, key_count = query_rows + of_query.size, key_count + heads.keys * key.size
    slots[slots < 0] = query_rows
    places = (slots, *_of_keys(np.concatenate(looked_at, axis=1), heads.keys, tokens))
    return AttentionPlan(tuple(groups), *map(torch.from_numpy, places))


def _of_keys(looked_at: NDArray[np.int64], heads: int, tokens: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`key_slots` and `key_ends` of a plan.

    Args:
        looked_at: (3, S / G) for each place of a tile that a token has as a key of the first head: the token, its row,
            and how many rows further it stands for each head more.
        heads: of keys.
        tokens: in the row.
    """
    _, rows, further = looked_at[:, np.argsort(looked_at[0].astype(np.int32), kind="stable")]
    ends = np.tile(np.bincount(looked_at[0], minlength=tokens), heads).cumsum()
    return (rows + np.arange(heads)[:, None] * further).ravel(), np.concatenate([[0], ends])


def _group(
    queries: NDArray[np.int64], keys: NDArray[np.int64], seen: NDArray[np.bool_], real: NDArray[np.bool_]
) -> TileGroup:
    mask = (seen.astype(np.float32) - 1) * np.float32(-MASKED)
    filled = None if real.all() else torch.from_numpy(real[:, None, :, None].astype(np.float32))
    return TileGroup(torch.from_numpy(queries), torch.from_numpy(keys), torch.from_numpy(mask)[:, None], filled)


def _held(real: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Which rows of (G, C, R, n) hold something, where (C, n) tells it of every head."""
    if real.all():
        return np.arange(math.prod(shape))
    return np.flatnonzero(np.broadcast_to(real[:, None], shape))


def dense_mask(batch: ResponseBatch, window: int | None = None) -> Tensor:
    """(T, T) whether a token of the row attends to another: what every plan says, without tiles."""
    row = segments(batch)
    of_row = np.repeat(np.array(row), [part.end - part.start for part in row], axis=0)
    every = np.arange(len(of_row))[None]
    return torch.from_numpy(_seen(every, every, of_row, window)[0])


def _seen(query: Rows, key: Rows, of_row: Rows, window: int | None) -> NDArray[np.bool_]:
    """(C, Q, K) whether queries see keys, both tokens of the row: (C, Q) and (C, K); no token is seen at -1."""
    start, _, shared_start, shared_end = (column[..., None] for column in np.moveaxis(of_row[query], -1, 0))
    query, key = query[..., None].astype(np.int32), key[:, None].astype(np.int32)
    seen: NDArray[np.bool_] = ((key <= query) & (key >= start)) | ((key >= shared_start) & (key < shared_end))
    if window is not None:
        starts, _, shared_starts, shared_ends = of_row.T
        positions = np.arange(len(of_row)) - starts + shared_ends - shared_starts
        seen &= positions[query] - positions[key] < window
    return seen


def _tiles(row: Sequence[Segment], wanted: Sequence[int] | None) -> Iterator[Tile]:
    """Short segments together as long as they fit and look at the same stretch; long ones in parts."""
    for first, end, shared in _stretches(row):
        parts = -(-(end - first) // TILE)
        size = _filled(-(-(end - first) // parts), QUERY_STEP)
        for start in range(first, end, size):
            last = min(start + size, end)
            place, behind = (start, last) if wanted is None else (bisect_left(wanted, end) for end in (start, last))
            if place < behind:
                keys = _filled(shared[1] - shared[0] + last - first, KEY_STEP)
                yield Tile(place, behind, *shared, first, last, keys, _filled(behind - place, QUERY_STEP))


def _groups(tiles: Iterator[Tile]) -> list[list[Tile]]:
    """Tiles that are computed together: of like size, in as many groups as cost least, filling up counted."""
    by_size: dict[tuple[int, int], list[Tile]] = {}
    for tile in tiles:
        by_size.setdefault((tile.keys, tile.queries), []).append(tile)
    sizes = sorted(by_size)
    best = [(0, 0)]  # of the first sizes: their cost, and how many of them are in groups before the last
    for end, (keys, _) in enumerate(sizes, 1):
        options, queries, count = [], 0, 0
        for start in reversed(range(end)):
            queries, count = max(queries, sizes[start][1]), count + len(by_size[sizes[start]])
            options.append((best[start][0] + count * keys * queries + GROUP_COST, start))
        best.append(min(options))
    groups, end = [], len(sizes)
    while end:
        start = best[end][1]
        groups.append([tile for size in sizes[start:end] for tile in by_size[size]])
        end = start
    return groups


def _queries(tiles: Sequence[Tile]) -> Rows:
    """(C, Q) queries of tiles, -1 behind them."""
    first, last = (np.array([tile[field] for tile in tiles])[:, None] for field in (0, 1))
    place = first + np.arange(max(tile.queries for tile in tiles))
    return np.where(place < last, place, -1)


def _keys(tiles: Sequence[Tile]) -> Rows:
    """(C, K) tokens that tiles look at, -1 behind them."""
    shared_start, shared_end, start, end = (column[:, None] for column in np.array(tiles).T[2:6])
    place = np.arange(max(tile.keys for tile in tiles))
    shared = shared_end - shared_start
    token = np.where(place < shared, shared_start + place, start + place - shared)
    return np.where(token < end, token, -1)


def _by_head(places: Rows, heads: int, count: int) -> NDArray[np.int64]:
    """(heads, *) of places among `count` rows of each head; the first row for -1."""
    return np.maximum(places, 0) + np.arange(heads).reshape(-1, *(1 for _ in places.shape)) * count


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


def _filled(count: int, step: int) -> int:
    return -(-count // step) * step
