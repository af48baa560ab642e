"""What a new tokenizer learns from: texts of the training split."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from rmexp.dialogue import turns_of
from rmexp.models.backbones.kept_tokenizer import KnownTexts
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference
from rmexp.stored_records import texts_digest

TOKENIZER_RECORDS = 20_000  # training records that a new tokenizer learns from at most, evenly spread
KEPT_RECORDS = 2000  # of which on a new tokenizer is kept for other runs


def texts_to_learn(records: PreferenceData, cache_dir: str | None) -> Iterable[str]:
    """The texts of training records for a new tokenizer, of many records only some."""
    examples: Sequence[Preference | Candidates] = (records.demonstrations or records.splits)["train"]
    taken = min(len(examples), TOKENIZER_RECORDS)

    def read() -> Iterator[str]:
        some = (examples[place * len(examples) // taken] for place in range(taken))
        return (text for record in some for text in _texts(record))

    if cache_dir is None or len(examples) < KEPT_RECORDS:
        return read()
    how = sha256(Path(__file__).read_bytes()).hexdigest()
    return KnownTexts(read, cache_dir, f"{taken} {how} {texts_digest(examples)}")


def _texts(record: Preference | Candidates) -> tuple[str, ...]:
    return (*(turn.content for turn in turns_of(record.prompt)), *record.responses)
