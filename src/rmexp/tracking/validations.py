"""What a model in training gave to each validation pair, at every validation: how its order of pairs came about."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.left_files import damage_told, read_objects
from rmexp.metrics.preferred_side import preferred_side
from rmexp.tracking.tracked_run import Table

FILE = "validation_rewards.jsonl"


class Validation(NamedTuple):
    """One validation.

    Attributes:
        step: optimizer steps before it.
        progress: share of all steps, in (0, 1].
        rewards: (N, 2) of the responses listed first and second of each validation pair.
        target: (N,) probability that the first is the better one.
    """

    step: int
    progress: float
    rewards: NDArray[np.float64]
    target: NDArray[np.float64]

    @property
    def constant(self) -> bool:
        """Whether all responses have the same reward."""
        return self.rewards.size > 2 and bool((self.rewards == self.rewards.flat[0]).all())

    def distributions(self) -> dict[str, list[float]]:
        """Rewards of preferred and other responses and their margins, of the pairs that have a better side."""
        decided = self.target != 0.5
        first, rows = preferred_side(self.target[decided]), self.rewards[decided]
        chosen, rejected = (rows[np.arange(len(rows)), side] for side in (first, 1 - first))
        with np.errstate(invalid="ignore"):  # of weights that are no longer finite
            margins = chosen - rejected
        named = {"val/chosen_rewards": chosen, "val/rejected_rewards": rejected, "val/margins": margins}
        return {name: values[np.isfinite(values)].tolist() for name, values in named.items()}

    def extremes(self, each: int = 4) -> Table:
        """Pairs ordered worst, best and most closely: number in the split, rewards of either side and margin."""
        decided = np.flatnonzero((self.target != 0.5) & np.isfinite(self.rewards).all(axis=1))
        first, rows = preferred_side(self.target[decided]), self.rewards[decided]
        places = np.arange(len(decided))
        chosen, rejected = rows[places, first], rows[places, 1 - first]
        order = np.argsort(chosen - rejected, kind="stable")
        close = np.argsort(np.abs(chosen - rejected), kind="stable")
        kinds = {"worst": order[:each], "best": order[::-1][:each], "closest": close[:each]}
        found = tuple(
            (kind, int(decided[place]), *map(float, (chosen[place], rejected[place], chosen[place] - rejected[place])))
            for kind, chosen_places in kinds.items()
            for place in chosen_places
        )
        return Table("val/pairs", ("judged", "pair", "chosen_reward", "rejected_reward", "margin"), found)


def read_validations(folder: Path) -> list[Validation]:
    """The validations of a run, in the order of training; none where it left no file."""
    rows = read_objects(folder / FILE)
    with damage_told(folder / FILE):
        return [validation_of(row) for row in rows]


def validation_of(row: Mapping[str, Any]) -> Validation:
    """That of a row of the file."""
    rewards = np.array([row["chosen"], row["rejected"]]).T
    return Validation(row["step"], row["progress"], rewards, np.array(row["target"]))
