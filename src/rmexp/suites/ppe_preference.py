"""PPE, human preference: votes of visitors of a chat arena.

Source: Frick et al. 2024, "How to evaluate reward models for RLHF", section 4.
"""

from collections.abc import Sequence

import numpy as np

from rmexp.metrics.preferred_side import is_tie
from rmexp.records import Preference, Record
from rmexp.suites.strict import strictly_right

KINDS = {
    "Hard prompts": "hard_prompt",
    "Easy prompts": "easy_prompt",
    "Instructions": "if_prompt",
    "Code": "is_code",
    "Math": "math_prompt",
}


def ppe_preference(records: Sequence[Record], scores: Sequence[Sequence[float]]) -> dict[str, float | None]:
    """Accuracy on all pairs with a winner, `score`, and on those of each kind of prompt; equal scores are wrong.

    Args:
        records: pairs; those labelled a tie are left out; `meta` has the flags of the prompts.
        scores: of both responses of each.
    """
    right = strictly_right(records, scores)
    decided = np.array([isinstance(record, Preference) and not is_tie(record.target) for record in records], bool)
    figures: dict[str, float | None] = {"score": float(right[decided].mean()) if decided.any() else None}
    for name, flag in KINDS.items():
        here = decided & np.array([record.meta.get(flag) is True for record in records], bool)
        figures[name] = float(right[here].mean()) if here.any() else None
    return figures
