"""Pairs of which the two rewards put different responses first: those on which both are surest come first."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from rmexp.evaluation.measures.orientation import order
from rmexp.records import Preference, prompt_text
from rmexp.reports.compare.content import ComparedSet, Disagreement
from rmexp.verbs.comparing.scores import SetScores

Temperatures = tuple[float | None, float | None]  # of the explicit and of the implicit reward


def disagreements(splits: Mapping[str, SetScores], held_out: Mapping[str, ComparedSet]) -> list[Disagreement]:
    """All of the held-out splits.

    Args:
        splits: the scores of each.
        held_out: the splits by name, with the temperatures that make margins log-odds; where a split has none, as when
            every pair is ordered as labelled, margins are measured by their own mean.
    """
    found: list[tuple[float, Disagreement]] = []
    for name, group in splits.items():
        if not group.records:
            continue
        fitted = held_out[name].slices[0].temperatures if name in held_out else (None, None)
        rewards = group.array("explicit"), group.array("implicit")
        sureness = np.minimum(*map(_sureness, rewards, fitted))
        for index in np.flatnonzero(order(rewards[0]) != order(rewards[1])).tolist():
            record = group.records[index]
            assert isinstance(record, Preference)
            row = _disagreement(name, record, (rewards[0][index], rewards[1][index]), fitted)
            found.append((float(sureness[index]), row))
    return [row for _, row in sorted(found, key=lambda item: -item[0])]


def _sureness(scores: NDArray[Any], temperature: float | None) -> NDArray[np.float64]:
    margins = np.abs(np.diff(scores)[:, 0])
    scaled: NDArray[np.float64] = margins / (temperature or max(float(margins.mean()), 1e-12))
    return scaled


def _disagreement(split: str, record: Preference, rewards: tuple[Any, Any], fitted: Temperatures) -> Disagreement:
    (explicit, implicit), probabilities = rewards, [*map(_probability, rewards, fitted)]
    return Disagreement(
        split,
        record.id,
        prompt_text(record.prompt),
        record.chosen,
        record.rejected,
        record.target,
        (float(explicit[0]), float(explicit[1])),
        (float(implicit[0]), float(implicit[1])),
        *probabilities,
    )


def _probability(scores: NDArray[Any], temperature: float | None) -> float | None:
    """That the response listed first is the better one, as the calibrated reward has it."""
    return None if temperature is None else float(expit((scores[0] - scores[1]) / temperature))
