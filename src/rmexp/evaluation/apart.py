"""Records that a scorer's model was trained on, set apart from those that the headline figures are of.

Shapes: N records.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rmexp.evaluation.slices import TRAINED_ON, Slices
from rmexp.evaluation.test_set import TestSet
from rmexp.scored import NO, PAIR, PROMPT, VALIDATION, strongest

APART, KEEP = "apart", "keep"
VALIDATED_ON, PROMPTS_TRAINED_ON = "validated on", "prompts trained on"


def set_apart(test: TestSet, marks: Sequence[Sequence[str | None]], *, keep: bool) -> TestSet:
    """A test set whose headline is of the records that no scorer was trained on, so that all are judged on the same.

    The others are the slice `trained on`. Records that were validated with, and those whose prompt was trained on, are
    a slice too where they are a part of the headline; they stay in it.

    Args:
        test: what is judged on.
        marks: (N,) of each scorer, of `rmexp.records.MARKS`; None where nothing is known.
        keep: whether the headline has all records nevertheless.
    """
    found = np.array([strongest(each) or NO for each in zip(*marks, strict=True)])
    if not marks or (found == NO).all():
        return test
    headline = test.headline if keep else test.headline & (found != PAIR)
    slices: Slices = {TRAINED_ON: found == PAIR} if (found == PAIR).any() else {}
    for name, mark in ((VALIDATED_ON, VALIDATION), (PROMPTS_TRAINED_ON, PROMPT)):
        inside = headline & (found == mark)
        if inside.any() and not np.array_equal(inside, headline):
            slices[name] = found == mark
    return replace(test, slices={**test.slices, **slices}, headline=headline)
