"""Pairs of which the two rewards put different responses first: those on which both are surest come first."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from rmexp.analysis.orientation import order
from rmexp.records import Preference, prompt_text
from rmexp.reports.content import ComparedSet, Disagreement
from rmexp.run.compare_scores import AllScores, scores_array


def disagreements(scores: AllScores, sets: Sequence[ComparedSet]) -> list[Disagreement]:
    """All of the held-out splits.

    Args:
        scores: of both rewards.
        sets: with the temperatures that make their margins log-odds; where a split has none, as when every pair is
            ordered as labelled, margins are measured by their own mean.
    """
    found: list[tuple[float, Disagreement]] = []
    whole = {one.name: one.slices[0] for one in sets if one.kind == "held_out"}
    for name, group in scores.splits.items():
        explicit, implicit = scores_array(group.explicit), scores_array(group.implicit)
        temperatures = [
            None if name not in whole else figures["temperature"]
            for figures in ((whole[name].explicit, whole[name].implicit) if name in whole else ({}, {}))
        ]
        sureness = np.minimum(
            *(_sureness(values, t) for values, t in zip((explicit, implicit), temperatures, strict=True))
        )
        for index in np.flatnonzero(order(explicit) != order(implicit)).tolist():
            record = group.records[index]
            assert isinstance(record, Preference)
            both = [
                _probability(values[index], t) for values, t in zip((explicit, implicit), temperatures, strict=True)
            ]
            row = _disagreement(name, record, explicit[index], implicit[index], both)
            found.append((float(sureness[index]), row))
    return [row for _, row in sorted(found, key=lambda item: -item[0])]


def _sureness(scores: NDArray[Any], temperature: float | None) -> NDArray[np.float64]:
    margins = np.abs(np.diff(scores)[:, 0])
    scaled: NDArray[np.float64] = margins / (temperature or max(float(margins.mean()), 1e-12))
    return scaled


def _probability(scores: NDArray[Any], temperature: float | None) -> float | None:
    """That the response listed first is the better one, as the calibrated reward has it."""
    return None if temperature is None else float(expit((scores[0] - scores[1]) / temperature))


def _disagreement(
    split: str, record: Preference, explicit: Any, implicit: Any, both: Sequence[float | None]
) -> Disagreement:
    return Disagreement(
        split,
        record.id,
        prompt_text(record.prompt),
        record.chosen,
        record.rejected,
        record.target,
        (float(explicit[0]), float(explicit[1])),
        (float(implicit[0]), float(implicit[1])),
        both[0],
        both[1],
    )
