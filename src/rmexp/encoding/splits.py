"""A split as what is learnt from: its pairs or its demonstrations, encoded, every outcome counted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from rmexp.data.clusters import clusters_of
from rmexp.encoding.account import Account
from rmexp.encoding.encode import Encoder
from rmexp.encoding.encoded import EncodedResponses
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference
from rmexp.stored_records import labels_of, stored


@dataclass(frozen=True, eq=False)
class EncodedPairs(Sequence[PairTokens]):
    """The pairs of a split that are left once encoded; K of them.

    Attributes:
        responses: chosen and rejected of all pairs of the split, by turns.
        places: (K,) of the pairs that are left, in the split.
        target: (K,) see `Preference`.
        margin: (K,) likewise; NaN where it has none.
        groups: of each, the number of what batches keep together; None where they keep nothing together.
        reference_logps: (K, 2) of chosen and rejected under the reference; None where none is known.
    """

    responses: EncodedResponses
    places: NDArray[np.int64]
    target: NDArray[np.float64]
    margin: NDArray[np.float64]
    groups: Sequence[int] | None = None
    reference_logps: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, place: int) -> PairTokens: ...
    @overload
    def __getitem__(self, place: slice) -> "EncodedPairs": ...
    def __getitem__(self, place: int | slice) -> "PairTokens | EncodedPairs":
        if isinstance(place, slice):
            return self.of(np.arange(*place.indices(len(self))))
        at = int(self.places[place])
        chosen, rejected = self.responses[2 * at], self.responses[2 * at + 1]
        assert chosen is not None
        assert rejected is not None
        logps = None if self.reference_logps is None else self.reference_logps[place].tolist()
        return PairTokens(
            chosen,
            rejected,
            float(self.target[place]),
            reference_logps=None if logps is None else (logps[0], logps[1]),
            group=None if self.groups is None else self.groups[place],
            margin=None if np.isnan(self.margin[place]) else float(self.margin[place]),
            place=at,
        )

    def of(self, some: NDArray[np.int64]) -> "EncodedPairs":
        """Some of them, by their places among these."""
        return replace(
            self,
            places=self.places[some],
            target=self.target[some],
            margin=self.margin[some],
            groups=None if self.groups is None else [self.groups[place] for place in some],
            reference_logps=None if self.reference_logps is None else self.reference_logps[some],
        )


class ReadResponses(Sequence[ResponseTokens]):
    """Encoded responses of which none is dropped.

    Args:
        responses: all of them.
    """

    def __init__(self, responses: EncodedResponses) -> None:
        self.responses = responses

    def of(self, places: NDArray[np.int64]) -> "ReadResponses":
        """Some of them."""
        return ReadResponses(self.responses.of(places))

    def __len__(self) -> int:
        return len(self.responses)

    @overload
    def __getitem__(self, place: int) -> ResponseTokens: ...
    @overload
    def __getitem__(self, place: slice) -> list[ResponseTokens]: ...
    def __getitem__(self, place: int | slice) -> ResponseTokens | list[ResponseTokens]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        found = self.responses[place]
        assert found is not None
        return found


def encode_split(
    data: PreferenceData, name: str, encoder: Encoder, batch_by: str | None
) -> tuple[EncodedPairs | ReadResponses, Account]:
    """Encode the demonstrations of a split, or its pairs where the data has none; without such a split nothing.

    Args:
        data: pairs or demonstrations.
        name: of the split.
        encoder: of prompts and responses.
        batch_by: what batches of pairs keep together, see `Batching`.
    """
    encoded = encoder.encode_records((data.demonstrations or data.splits).get(name, ()))
    if data.demonstrations:
        return _demonstrations(encoded)
    return _pairs(encoded, data.splits.get(name, ()), batch_by)


def encode_pairs(
    records: Sequence[Preference], encoder: Encoder, batch_by: str | None = None
) -> tuple[EncodedPairs, Account]:
    """Encode pairs and account for every one.

    Args:
        records: of a split.
        encoder: of prompts and responses.
        batch_by: what batches keep together, see `Batching`.
    """
    return _pairs(encoder.encode_records(records), records, batch_by)


def _pairs(
    encoded: EncodedResponses, records: Sequence[Preference], batch_by: str | None
) -> tuple[EncodedPairs, Account]:
    """Encoded pairs, each of which still says something, and an account of every one."""
    dropped = encoded.dropped.reshape(-1, 2).any(axis=1)
    identical = encoded.identical & ~dropped
    kept = ~dropped & ~identical
    labels, groups = labels_of(records), None
    places = np.flatnonzero(kept)
    if batch_by == "prompt":
        groups = clusters_of(records, None)[places].tolist()
    elif batch_by is not None:  # a field that those which are left out need not have
        groups = clusters_of(stored(records).of(places), batch_by, "data.batch_by").tolist()
    pairs = EncodedPairs(encoded, places, labels.target[kept], labels.margin[kept], groups)
    account = Account(
        pairs=len(records),
        kept=len(pairs),
        truncated=int((encoded.long.reshape(-1, 2).any(axis=1) & kept).sum()),
        dropped=int(dropped.sum()),
        identical=int(identical.sum()),
        tokens=int(encoded.tokens.reshape(-1, 2).sum(axis=1)[kept].sum()),
    )
    return pairs, account


def _demonstrations(encoded: EncodedResponses) -> tuple[ReadResponses, Account]:
    """Encoded responses, each of them to be learnt, and an account of every one."""
    kept = ~encoded.dropped
    return ReadResponses(encoded.of(np.flatnonzero(kept))), Account(
        pairs=len(encoded),
        kept=int(kept.sum()),
        truncated=int((encoded.long & kept).sum()),
        dropped=int((~kept).sum()),
        identical=0,
        tokens=int(encoded.tokens[kept].sum()),
    )
