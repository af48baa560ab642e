"""The curve over n of prompts that the scorer's model was not trained on, and of those that it, or the policy, was."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rmexp.evaluation.apart import PROMPTS_TRAINED_ON, VALIDATED_ON
from rmexp.evaluation.slices import TRAINED_ON
from rmexp.scored import PAIR, PROMPT, VALIDATION
from rmexp.selection.best_of_n import Curve, Pool, best_of_n_curve

SLICES = {TRAINED_ON: PAIR, VALIDATED_ON: VALIDATION, PROMPTS_TRAINED_ON: PROMPT}


class Curves(NamedTuple):
    """What a pool of candidates gives.

    Attributes:
        whole: of the prompts that count; without a point where none does.
        slices: of parts of the prompts, by name.
    """

    whole: Curve
    slices: Mapping[str, Curve]


def curves(pools: Sequence[Pool], marks: Sequence[str | None], *, keep: bool) -> Curves:
    """Set the prompts apart of whose candidates two were a pair that the model was trained on.

    Args:
        pools: one a prompt; all of them with gold, or none.
        marks: of each, of `rmexp.records.MARKS`; None where nothing is known.
        keep: whether the curve counts all prompts nevertheless.
    """
    both = list(zip(pools, marks, strict=True))
    parts = {name: [pool for pool, mark in both if mark == kind] for name, kind in SLICES.items()}
    counted = [pool for pool, mark in both if keep or mark != PAIR]
    whole = best_of_n_curve(counted) if counted else Curve((), None, 0)
    return Curves(whole, {name: best_of_n_curve(part) for name, part in parts.items() if part})
