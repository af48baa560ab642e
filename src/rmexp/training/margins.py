"""The margins of pairs that a loss asks for, looked for before a model is read and the pairs are encoded."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from rmexp.records import Preference
from rmexp.stored_records import labels_of
from rmexp.training.pair_loss import PairLoss

log = logging.getLogger(__name__)


def check_margins(loss: PairLoss, splits: Mapping[str, Sequence[Preference]]) -> None:
    """Refuse pairs without a margin where the loss asks for it; say where a margin speaks against its label.

    Args:
        loss: as configured.
        splits: training and validation pairs by name.

    Raises:
        ValueError: a pair has no margin; the message begins with its place.
    """
    if "margin" not in loss.fields:
        return
    for name, pairs in splits.items():
        labels = labels_of(pairs)
        missing = np.flatnonzero(np.isnan(labels.margin))
        if len(missing) and (problem := loss.without_margin()):
            first = pairs[int(missing[0])]
            few = f"{len(missing)} of {len(pairs)} pairs of the split `{name}` have none"
            raise ValueError(f"{first.place or f'pair {first.id}'}: {problem}; {few}")
        against = [int(place) for place in np.flatnonzero(labels.margin * (labels.target - 0.5) < 0)]
        meant = [pairs[place] for place in against if not pairs[place].meta.get("flipped")]
        if meant and loss.without_margin():
            log.warning(
                "%d of %d pairs of the split `%s` have a margin whose sign speaks against their label, such as %s; the "
                "label says which one is preferred, and the losses of rmexp read of a margin its size alone",
                *(len(meant), len(pairs), name, meant[0].place or f"pair {meant[0].id}"),
            )
