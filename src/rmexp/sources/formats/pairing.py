"""Which pairs are made of several responses to one prompt that have scores."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, NamedTuple

from rmexp.jsonl import JsonObject
from rmexp.ranges import check_ranges
from rmexp.records import Preference, Prompt, prompt_text
from rmexp.sources.rows import LeftOut, Outcome

PAIRS = ("all", "best_worst", "best_random")
TIES = ("keep", "drop")


class Candidate(NamedTuple):
    """A response, its score, and the name of what wrote it where that is known."""

    text: str
    score: float
    name: str | None


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """The rule; the margin of a pair is the gap between its scores.

    Attributes:
        pairs: `all`, the `best_worst` one alone, or `best_random`: the best against one of the others.
        min_gap: of the scores, at least 0; pairs below it are left out, but for ties.
        ties: pairs of equal scores: `keep` them with the target 0.5, or `drop` them.
        seed: of `best_random`; the draw depends on it and on the prompt alone.
    """

    pairs: str
    min_gap: Annotated[float, "at least 0"]
    ties: str
    seed: int

    def __post_init__(self) -> None:
        for key, value, known in (("pairs", self.pairs, PAIRS), ("ties", self.ties, TIES)):
            if value not in known:
                raise ValueError(f"data.format.pairing.{key} must be one of {', '.join(known)}, got {value}")
        check_ranges(self, "data.format.pairing")

    def of(
        self, prompt: Prompt, candidates: Sequence[Candidate], meta: JsonObject, *, group: str | None = None
    ) -> Iterator[Outcome]:
        """The pairs of one prompt's responses, the better one first in each.

        Args:
            prompt: of all of them.
            candidates: in any order, a higher score for a better one.
            meta: fields of every pair.
            group: what `meta.group` says of every pair; a hash of the prompt when None.
        """
        if len(candidates) < 2:
            yield LeftOut("prompts with fewer than two responses")
            return
        digest = hashlib.sha256(f"{self.seed}\n{prompt_text(prompt)}".encode())
        common = {"group": group or hashlib.sha256(prompt_text(prompt).encode()).hexdigest()[:16], **meta}
        ranked = sorted(candidates, key=lambda candidate: -candidate.score)
        for better, worse in self._chosen(ranked, int(digest.hexdigest(), 16)):
            yield self._outcome(prompt, better, worse, common)

    def _chosen(self, ranked: Sequence[Candidate], draw: int) -> Iterator[tuple[Candidate, Candidate]]:
        if self.pairs == "all":
            yield from combinations(ranked, 2)
        else:
            others = ranked[1:]
            yield ranked[0], others[-1] if self.pairs == "best_worst" else others[draw % len(others)]

    def _outcome(self, prompt: Prompt, better: Candidate, worse: Candidate, meta: JsonObject) -> Outcome:
        gap = better.score - worse.score
        if not gap and self.ties == "drop":
            return LeftOut("ties (data.format.pairing.ties=drop)")
        if gap and gap < self.min_gap:
            return LeftOut(f"pairs with a gap below data.format.pairing.min_gap={self.min_gap:g}")
        names = {"names": [better.name, worse.name]} if better.name is not None or worse.name is not None else {}
        meta = {**meta, "scores": [better.score, worse.score], **names}
        try:
            return Preference(prompt, better.text, worse.text, 1.0 if gap else 0.5, gap, meta=meta)
        except ValueError as error:  # one pair of many: the others stay
            return error
