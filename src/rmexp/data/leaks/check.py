"""Training pairs whose prompt, or nearly the same one, is evaluated on: counted, shown, left out on request."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from rmexp.data.leaks.known_records import KnownRecords
from rmexp.data.leaks.matches import KINDS, Matches, matches
from rmexp.data.normalised import known_by
from rmexp.data.selection import Selection
from rmexp.jsonl import BadRow
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Record
from rmexp.sources.file_rows import file_rows
from rmexp.sources.rows import Row
from rmexp.stored_records import StoredRecords, stored

log = logging.getLogger(__name__)

_IN_WORDS = {"exact": "exact", "normalised": "but for case, space or punctuation", "near": "near-duplicates"}
MOST_EXAMPLES = 5  # of each kind
_SHOWN = 300  # characters of an example


@dataclass(frozen=True, slots=True)
class Leak:
    """A training pair and a record of another set with the same prompt, or nearly so.

    Attributes:
        kind: `exact`, `normalised` (but for NFKC form, case, white space and punctuation) or `near`.
        id: of the training pair.
        text: the start of its prompt, or of both responses where the prompt is empty.
        set: name of the other set.
        other_id: of the other record.
        other_text: likewise.
        similarity: of their word shingles where `kind` is `near`, else 1.
    """

    kind: str
    id: str
    text: str
    set: str
    other_id: str
    other_text: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Leaks:
    """What of the training split leaks.

    Attributes:
        pairs: training pairs looked at.
        sets: records of each set they were compared with.
        counts: training pairs of each kind, each counted once, by its first kind.
        by_set: training pairs that leak into each set, each counted where it was found first.
        indices: of these pairs, ascending.
        examples: a few of each kind.
    """

    pairs: int
    sets: Mapping[str, int]
    counts: Mapping[str, int]
    by_set: Mapping[str, int]
    indices: tuple[int, ...]
    examples: tuple[Leak, ...]

    def to_row(self) -> dict[str, Any]:
        """For summaries."""
        return {
            "pairs": self.pairs,
            "sets": dict(self.sets),
            **self.counts,
            "by_set": dict(self.by_set),
            "examples": [asdict(example) for example in self.examples],
        }


def find_leaks(train: Sequence[Record], others: Mapping[str, Sequence[Record]], similarity: float | None) -> Leaks:
    """Compare the prompts of one set with those of others; where a prompt is empty, its responses stand for it.

    Args:
        train: records that are learnt from.
        others: records that are evaluated on, by the name of their set.
        similarity: Jaccard similarity in (0, 1] from which two prompts are nearly the same; None leaves that out.
    """
    mine, known = KnownRecords({"train": train}), KnownRecords(others)
    found = matches(mine, known, similarity)
    counts = {kind: len(found.of(kind)) for kind in KINDS}
    indices = np.flatnonzero(found.kind)
    shown = [found.of(kind)[:MOST_EXAMPLES] for kind in KINDS]
    by_set = np.bincount(known.sets(found.other[indices]), minlength=len(others)).tolist()
    sizes = {name: len(records) for name, records in others.items()}
    examples = tuple(_example(index, train, known, found) for index in np.sort(np.concatenate(shown)).tolist())
    return Leaks(len(train), sizes, counts, dict(zip(others, by_set, strict=True)), tuple(indices.tolist()), examples)


def checked_for_leaks(
    data: PreferenceData, selection: Selection, tests: Mapping[str, Sequence[Record]] = MappingProxyType({})
) -> tuple[PreferenceData, dict[str, Any]]:
    """Look for leaks as `selection` asks for: one line of warning, or the leaking training pairs left out.

    Args:
        data: with a training split; all other splits and candidate sets are evaluated on, and stay as they are.
        selection: its keys `leaks`, `leak_similarity` and `leaks_against`.
        tests: records of other data sets that are evaluated on.

    Returns:
        The data, and an account for summaries, empty when nothing was looked for, as with demonstrations; `dropped`
        says how many pairs.

    Raises:
        ValueError: a file of `leaks_against` cannot be read, or no training pair would be left.
    """
    if selection.leaks == "ignore" or data.demonstrations:
        return data, {}
    train, leaks = data.splits["train"], leaks_of(data, selection, tests)
    dropped = len(leaks.indices) if selection.leaks == "drop" else 0
    if leaks.indices:
        log.warning("%s", leak_sentence(leaks, dropped=bool(dropped)))
    if dropped == len(train):
        raise ValueError(f"data.leaks=drop leaves none of {dropped} training pairs (set data.leaks or the splits)")
    if dropped:
        kept = np.setdiff1d(np.arange(len(train)), leaks.indices)
        data = replace(data, splits={**data.splits, "train": stored(train).of(kept)})
    return data, {**leaks.to_row(), "dropped": dropped}


def leaks_of(
    data: PreferenceData, selection: Selection, tests: Mapping[str, Sequence[Record]] = MappingProxyType({})
) -> Leaks:
    """What of the training split leaks into any other split or set, test, or file of `selection.leaks_against`.

    Raises:
        ValueError: a file cannot be read.
    """
    others = {name: records for name, records in data.sets().items() if name != "train"}
    others |= {f"tests.{name}": records for name, records in tests.items()}
    others |= {path: read_records(Path(path)) for path in selection.leaks_against}
    return find_leaks(data.splits["train"], others, selection.leak_similarity)


def leak_sentence(leaks: Leaks, *, dropped: bool) -> str:
    """One line for the log: how many, of which kind, an example, what to do."""
    kinds = ", ".join(f"{leaks.counts[kind]} {_IN_WORDS[kind]}" for kind in KINDS if leaks.counts[kind])
    sets = ", ".join(f"{count} in {name}" for name, count in leaks.by_set.items() if count)
    example = leaks.examples[0]
    start = " ".join(example.text.split())
    start = start if len(start) <= 80 else f"{start[:79]}…"
    done = "left out of training" if dropped else "data.leaks=drop leaves them out, data.leaks=ignore is silent"
    return (
        f"leaks: {len(leaks.indices)} of {leaks.pairs} training pairs have a prompt that is also evaluated on "
        f"({kinds}; {sets}), such as {start!r}; {done}"
    )


def read_records(path: Path) -> StoredRecords[Record]:
    """The prompts of a file of any kind, with the responses that stand beside them.

    Args:
        path: of a kind that `file_rows` knows by its suffix; each row has a `prompt`, and whatever else.

    Raises:
        ValueError: the file cannot be read, or a row has no prompt; the message names file and line.
    """
    return stored(map(_compared, file_rows(path, key="data.leaks_against")))


def _compared(row: Row) -> Record:
    try:
        return _prompt_of(row)
    except ValueError as error:
        problem = error.problem if isinstance(error, BadRow) else error
        raise ValueError(f"{row.place}: {problem} (set data.leaks_against)") from error


def _prompt_of(row: Row) -> Candidates:
    """A record to compare with: known by its prompt, or by its responses where that is empty, whatever they are."""
    if row.error is not None:
        raise row.error
    listed = row.content.get("responses")
    found = [row.content.get("chosen"), row.content.get("rejected"), *(listed if isinstance(listed, list) else ())]
    texts = [text for text in found if isinstance(text, str) and text.strip()]
    fields = {name: row.content[name] for name in ("prompt", "id") if name in row.content}
    return Candidates.from_row({**fields, "responses": texts or ["-"]})


def _example(index: int, train: Sequence[Record], others: KnownRecords, found: Matches) -> Leak:
    name, other = others.of(int(found.other[index]))
    kind, record, truth = KINDS[found.kind[index] - 1], train[index], found.similarity.get(index, 1.0)
    texts = (known_by(record)[:_SHOWN], known_by(other)[:_SHOWN])
    return Leak(kind, record.id, texts[0], name, other.id, texts[1], round(truth, 4))
