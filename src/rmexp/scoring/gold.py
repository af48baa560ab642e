"""The gold reward of the synthetic family as a scorer: what a proxy is judged by."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from rmexp.data.loading import Limits
from rmexp.records import Record, Scored, prompt_text
from rmexp.scoring.scorer import fingerprint_of
from rmexp.sources.synthetic_family import synthetic_family


class GoldScorer:
    """Scores any text with the reward that labelled the synthetic pairs, free of their noise.

    Args:
        name: of the scorer, for files and tables.
        attributes: as for `rmexp.sources.synthetic.synthetic`, as are the next six.
        distractors: likewise.
        sentences: likewise.
        weight_seed: likewise.
        prompt_dependence: likewise.
        group_temperatures: likewise; as many groups.
        group_agreement: likewise.
        group_in_prompt: likewise.
        limits: not used; nothing is cut.
        threads: not used.
    """

    reads: ClassVar[Mapping[str, str]] = {}
    stored = False
    log_odds = True  # of the labels, times the annotators' temperature: the one that is fitted to them
    tokenizer = None

    def __init__(
        self,
        name: str,
        attributes: int,
        distractors: int,
        sentences: list[int],
        weight_seed: int,
        prompt_dependence: float,
        group_temperatures: list[float],
        group_agreement: float,
        group_in_prompt: bool,
        *,
        limits: Limits | None = None,
        threads: int | None = None,
    ) -> None:
        self.name = name
        self._family: dict[str, Any] = {
            "attributes": attributes,
            "distractors": distractors,
            "sentences": sentences,
            "weight_seed": weight_seed,
            "prompt_dependence": prompt_dependence,
            "groups": max(len(group_temperatures), 1),
            "group_agreement": group_agreement,
            "group_in_prompt": group_in_prompt,
        }
        self.family = synthetic_family(**self._family)
        self.fingerprint = fingerprint_of(**self._family)

    def score(self, records: Sequence[Record]) -> Iterator[Scored]:
        """The gold reward of every response; tokens are words, as white space parts them."""
        return map(self._scored, records)

    def describe(self) -> dict[str, Any]:
        """For manifests."""
        return {"name": self.name, "kind": "gold", "fingerprint": self.fingerprint, **self._family}

    def _scored(self, record: Record) -> Scored:
        scores = tuple(self.family.gold(record.prompt, response) for response in record.responses)
        words = len(prompt_text(record.prompt).split())
        lengths = tuple(words + len(response.split()) for response in record.responses)
        return Scored(record.id, scores, lengths, (False,) * len(scores))
