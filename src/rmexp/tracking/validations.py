"""What a model in training gave to each validation pair, at every validation: how its order of pairs came about."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.jsonl import JsonObject
from rmexp.left_files import damage_told, read_objects
from rmexp.metrics.preferred_side import preferred_side
from rmexp.tracking.tracked_run import Table

FILE = "validation_rewards.jsonl"
LONGEST_TEXT = 300  # characters of a prompt or response in a table
COLUMNS = ("judged", "pair", "prompt", "chosen", "rejected", "chosen_reward", "rejected_reward", "margin")
NO_TEXTS = ("", "", "")  # of a pair in older files

Texts = tuple[str, str, str]


class Validation(NamedTuple):
    """One validation.

    Attributes:
        step: optimizer steps before it.
        progress: share of all steps, in (0, 1].
        rewards: (N, 2) of the responses listed first and second of each validation pair.
        target: (N,) probability that the first is the better one.
        texts: of pairs that are shown, by their number: prompt, response listed first, response listed second, each
            cut to `LONGEST_TEXT` characters.
    """

    step: int
    progress: float
    rewards: NDArray[np.float64]
    target: NDArray[np.float64]
    texts: Mapping[int, Texts] = MappingProxyType({})

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

    def shown(self, each: int = 4) -> list[tuple[str, int]]:
        """Pairs ordered worst, best and most closely: which of these a pair is, and its number in the split."""
        decided = np.flatnonzero((self.target != 0.5) & np.isfinite(self.rewards).all(axis=1))
        towards = 1 - 2 * preferred_side(self.target[decided])
        margins = towards * (self.rewards[decided, 0] - self.rewards[decided, 1])
        order, close = np.argsort(margins, kind="stable"), np.argsort(np.abs(margins), kind="stable")
        kinds = {"worst": order[:each], "best": order[::-1][:each], "closest": close[:each]}
        return [(kind, int(decided[place])) for kind, places in kinds.items() for place in places]

    def extremes(self) -> Table:
        """The pairs of `shown` with texts, rewards of either side and margin."""
        rows = []
        for kind, pair in self.shown():
            chosen, rejected, margin = self._sides(pair)
            prompt, *responses = self.texts.get(pair, NO_TEXTS)
            better, other = responses if self._first(pair) == 0 else responses[::-1]
            rows.append((kind, pair, prompt, better, other, chosen, rejected, margin))
        return Table("val/pairs", COLUMNS, tuple(rows))

    def _first(self, pair: int) -> int:
        """Which side of a pair is the better one."""
        return int(preferred_side(float(self.target[pair])))

    def _sides(self, pair: int) -> tuple[float, float, float]:
        """Rewards of the better and the other side of a pair, and their difference."""
        first = self._first(pair)
        chosen, rejected = float(self.rewards[pair, first]), float(self.rewards[pair, 1 - first])
        return chosen, rejected, chosen - rejected


def shortened(text: str) -> str:
    """A text as it stands in a table.

    >>> len(shortened("word " * 100))
    303
    """
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."


def read_validations(folder: Path) -> list[Validation]:
    """The validations of a run, in the order of training; none where it left no file."""
    rows = read_objects(folder / FILE)
    with damage_told(folder / FILE):
        return [validation_of(row) for row in rows]


def validation_of(row: JsonObject) -> Validation:
    """That of a row of the file."""
    rewards = np.array([row["chosen"], row["rejected"]]).T
    texts = {int(pair): tuple(of_it) for pair, of_it in row.get("texts", {}).items()}
    return Validation(row["step"], row["progress"], rewards, np.array(row["target"]), texts)
