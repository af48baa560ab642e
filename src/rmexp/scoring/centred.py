"""The explicit reward with a zero of its own: the mean reward of the model's training split, as its contract says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from rmexp.data.loading import Limits
from rmexp.records import Record, Scored
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.scoring.scorer import fingerprint_of


class CentredScorer:
    """Scores with a reward model, shifted and if asked scaled by what it gave to its training responses.

    Preferences leave the level of rewards open, so that the zeros of two models have nothing in common. A shift changes
    no margin; a scale makes margins deviations, and log-odds no longer.

    Args:
        name: of the scorer, for files and tables.
        path: `model/` folder of a reward run.
        precision: see `ExplicitScorer`.
        standardised: whether rewards are divided by their standard deviation, too.
        limits: limits, and pairs per batch.
        threads: processor threads; None chooses by model size.

    Raises:
        ValueError: the model does not say mean and deviation of its rewards.
    """

    reads: ClassVar[Mapping[str, str]] = {"path": "model"}
    stored = False

    def __init__(
        self,
        name: str,
        path: str,
        precision: Literal["auto", "32-true", "bf16-mixed", "32", 32, "bf16"],
        standardised: bool,
        *,
        limits: Limits,
        threads: int | None,
    ) -> None:
        self.name = name
        self.raw = ExplicitScorer("explicit", path, precision, limits=limits, threads=threads)
        self.tokenizer = self.raw.tokenizer
        mean, deviation = self.raw.reward_mean, self.raw.reward_sd
        if mean is None or not deviation:
            raise ValueError(
                f"{path} does not say mean and deviation of its rewards on its training split, got {mean} and "
                f"{deviation} (set scorer=explicit for raw rewards)"
            )
        self.mean, self.scale = mean, deviation if standardised else 1.0
        self.log_odds = not standardised
        self.reward_mean, self.reward_sd = 0.0, deviation / self.scale  # what an ensemble would ask for
        self.fingerprint = fingerprint_of(explicit=self.raw.fingerprint, mean=self.mean, scale=self.scale)

    def score(self, records: Sequence[Record]) -> Iterator[Scored]:
        """The reward of every response, minus the mean, over the scale."""
        for row in self.raw.score(records):
            scores = (None if score is None else (score - self.mean) / self.scale for score in row.scores)
            yield replace(row, scores=tuple(scores))

    def describe(self) -> dict[str, Any]:
        """For manifests."""
        definition = {"explicit": self.raw.fingerprint, "mean": self.mean, "scale": self.scale}
        return {"name": self.name, "kind": "centred", "fingerprint": self.fingerprint, **definition}
