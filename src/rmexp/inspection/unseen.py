"""Controls that follow the labels, on pairs that the model was not trained on; what became of the others is told."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rmexp.inspection.check import SKIP, Check, Clusters, Score
from rmexp.inspection.controls import foreign_prompts, labels
from rmexp.records import Preference


def label_controls(
    score: Score, pairs: Sequence[Preference], clusters: Clusters, trained: NDArray[np.bool_]
) -> Iterator[Check]:
    """`labels` and `response only` on unseen pairs; where fewer than two are left there is nothing to judge by.

    Args:
        score: of records.
        pairs: N with a preference.
        clusters: (N,) numbers of what is independent, such as prompts.
        trained: (N,) which pairs the model was trained on.
    """
    unseen = [pair for pair, known in zip(pairs, trained, strict=True) if not known]
    if len(unseen) < 2:
        learnt = labels(score, pairs, clusters)
        says = (
            f"Left out: the model was trained on {int(trained.sum())} of {len(pairs)} pairs, so that their order says "
            "nothing of others (data.trained_on=keep counts them)."
        )
        yield Check("labels", SKIP, says, {"accuracy": None, "n": 0, "trained_on": dict(learnt.figures)})
        yield Check("response only", SKIP, says)
        return
    found = labels(score, unseen, clusters[~trained])
    if trained.any():
        seen = [pair for pair, known in zip(pairs, trained, strict=True) if known]
        learnt = labels(score, seen, np.arange(len(seen)))
        right = learnt.figures.get("accuracy")
        share = f"{100 * right:.1f} %" if isinstance(right, float) else "an unknown share"
        says = f"{found.says} The model was trained on {len(seen)} more; of these {share} are."
        found = replace(found, says=says, figures={**found.figures, "trained_on": dict(learnt.figures)})
    yield found
    yield foreign_prompts(score, unseen)
