"""What a new tokenizer learns from, texts of the training split, and when it learns."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from rmexp.data.loaded import LoadedData
from rmexp.dialogue import turns_of
from rmexp.hardware.side_by_side import beside
from rmexp.models.backbones.kept_tokenizer import KnownTexts
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference
from rmexp.stored_records import texts_digest

TOKENIZER_RECORDS = 20_000  # training records that a new tokenizer learns from at most, evenly spread
KEPT_RECORDS = 2000  # of which on a new tokenizer is kept for other runs


def texts_to_learn(records: PreferenceData, cache_dir: str | None) -> Iterable[str]:
    """The texts of training records for a new tokenizer, of many records only some."""
    examples = _examples(records)
    taken = min(len(examples), TOKENIZER_RECORDS)

    def read() -> Iterator[str]:
        some = (examples[place * len(examples) // taken] for place in range(taken))
        return (text for record in some for text in _texts(record))

    if cache_dir is None or len(examples) < KEPT_RECORDS:
        return read()
    how = sha256(Path(__file__).read_bytes()).hexdigest()
    return KnownTexts(read, cache_dir, f"{taken} {how} {texts_digest(examples)}")


@contextmanager
def learnt_beside(vocabulary: int | None, data: LoadedData) -> Iterator[None]:
    """Let a tokenizer be learnt and kept while a block imports modules, where there is much to learn from.

    Args:
        vocabulary: of the tokenizer; None where none is learnt.
        data: whose training split it learns from.
    """
    if vocabulary is None or len(_examples(data.records)) < TOKENIZER_RECORDS:
        yield
        return
    texts = texts_to_learn(data.records, data.limits.cache_dir)
    if not isinstance(texts, KnownTexts):
        yield
        return
    with beside(lambda: _learn(texts, vocabulary)):
        yield


def _learn(texts: KnownTexts, vocabulary: int) -> None:
    from rmexp.models.backbones.byte_pairs import byte_pairs

    byte_pairs(texts, vocabulary)


def _examples(records: PreferenceData) -> Sequence[Preference | Candidates]:
    found: Sequence[Preference | Candidates] = (records.demonstrations or records.splits)["train"]
    return found


def _texts(record: Preference | Candidates) -> tuple[str, ...]:
    return (*(turn.content for turn in turns_of(record.prompt)), *record.responses)
