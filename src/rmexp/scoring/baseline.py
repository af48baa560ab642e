"""Rules that know nothing of content as scorers: what a reward model must beat, usable wherever a score is."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from rmexp.data.loading import Limits
from rmexp.data.rules import KINDS, LEARNT, rule
from rmexp.data.trained_on import marked, trained_on
from rmexp.preference_data import PreferenceData
from rmexp.records import Record, Scored, prompt_text
from rmexp.scoring.learnt_baseline import labelled_pairs, learnt_measure
from rmexp.scoring.scorer import fingerprint_of


class BaselineScorer:
    """Scores with a rule, or with shallow features learnt from labelled pairs.

    Args:
        name: of the scorer, for files and tables.
        kind: `longer` or `shorter`, in characters; `list_items`; `markdown` marks; `prompt_overlap`, the share of the
            prompt's words that the response repeats; `json`, 1 for an object or array, else 0; `random`, a number in
            [0, 1) drawn by hash; or, learnt, `first_token` of the response, `bag_of_words`, `bag_of_words_length`.
        seed: of `random`: equal texts get equal numbers, in whatever order and company.
        pairs: JSON lines of labelled pairs that a learnt kind learns from; None for the others.
        limits: not used; a rule has no limits.
        threads: not used.

    Raises:
        ValueError: there is no such kind, or the pairs are missing, not needed or not enough.
    """

    reads: ClassVar[Mapping[str, str]] = {"pairs": "a file of pairs"}
    stored = False
    tokenizer = None

    def __init__(
        self,
        name: str,
        kind: str,
        seed: int,
        pairs: str | None,
        *,
        limits: Limits | None = None,
        threads: int | None = None,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"scorer.kind must be one of {', '.join(KINDS)}, got {kind}")
        if (pairs is None) == (kind in LEARNT):
            need = "learns from labelled pairs: set scorer.pairs=FILE" if pairs is None else "learns nothing from"
            raise ValueError(f"scorer.kind={kind} {need}{'' if pairs is None else f' scorer.pairs={pairs}'}")
        self.name, self.kind, self.seed = name, kind, seed
        self.log_odds = kind in LEARNT
        self.pairs = None if pairs is None else hashlib.sha256(_content(Path(pairs))).hexdigest()[:16]
        self.fingerprint = fingerprint_of(**self._definition())
        labelled = [] if pairs is None else labelled_pairs(Path(pairs))
        self.measure = rule(kind, seed) if pairs is None else learnt_measure(kind, labelled, Path(pairs))
        self.trained_on = None if pairs is None else trained_on(PreferenceData({"train": tuple(labelled)}))

    def score(self, records: Sequence[Record]) -> Iterator[Scored]:
        """What the rule says of every response; tokens are words, as white space parts them."""
        return marked(map(self._scored, records), records, self.trained_on)

    def scores(self, record: Record) -> tuple[float, ...]:
        """Of the responses of one record, without their lengths."""
        prompt = prompt_text(record.prompt)
        return tuple(float(self.measure(prompt, response)) for response in record.responses)

    def describe(self) -> dict[str, Any]:
        """For manifests."""
        return {"name": self.name, "kind": "baseline", "fingerprint": self.fingerprint, **self._definition()}

    def _definition(self) -> dict[str, Any]:
        drawn = {"seed": self.seed} if self.kind == "random" else {}
        return {"rule": self.kind, **drawn, **({} if self.pairs is None else {"pairs": self.pairs})}

    def _scored(self, record: Record) -> Scored:
        words = len(prompt_text(record.prompt).split())
        lengths = tuple(words + len(response.split()) for response in record.responses)
        return Scored(record.id, self.scores(record), lengths, (False,) * len(lengths))


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"{path}: expected a file of labelled pairs, but there is none (set scorer.pairs)")
    return path.read_bytes()
