"""The margins of pairs that a loss asks for, looked for before a model is read and the pairs are encoded."""

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from rmexp.records import Preference
from rmexp.stored_records import labels_of

log = logging.getLogger(__name__)


def check_margins(loss: Callable[..., Any] | None, splits: Mapping[str, Sequence[Preference]]) -> None:
    """Refuse pairs without a margin where the loss asks for it; say where a margin speaks against its label.

    Args:
        loss: as configured; None where a task has none.
        splits: training and validation pairs by name.

    Raises:
        ValueError: a pair has no margin; the message begins with its place.
    """
    if loss is None or not (problem := _without_margin(loss)):
        return
    for name, pairs in splits.items():
        labels = labels_of(pairs)
        missing = np.flatnonzero(np.isnan(labels.margin))
        if len(missing):
            first = pairs[int(missing[0])]
            few = f"{len(missing)} of {len(pairs)} pairs of the split `{name}` have none"
            raise ValueError(f"{first.place or f'pair {first.id}'}: {problem}; {few}")
        against = [int(place) for place in np.flatnonzero(labels.margin * (labels.target - 0.5) < 0)]
        meant = [pairs[place] for place in against if not pairs[place].meta.get("flipped")]
        if meant:
            log.warning(
                "%d of %d pairs of the split `%s` have a margin whose sign speaks against their label, such as %s; the "
                "label says which one is preferred, and of a margin its size alone is read",
                *(len(meant), len(pairs), name, meant[0].place or f"pair {meant[0].id}"),
            )


def _without_margin(loss: Callable[..., Any]) -> str:
    """What a loss says where there is no margin; nothing where it needs none."""
    names = inspect.signature(loss).parameters
    if "margin" not in names:
        return ""
    scores = [one for one in names.values() if one.kind is one.POSITIONAL_OR_KEYWORD and one.default is one.empty]
    try:
        loss(*torch.zeros(len(scores), 1), target=torch.ones(1), margin=None)
    except ValueError as error:
        return str(error)
    return ""
