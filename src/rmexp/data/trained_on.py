"""What a model was trained on, as sorted hashes: a pair is found again, and cannot be read from them."""

import hashlib
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import combinations, groupby

import numpy as np
from numpy.typing import NDArray

from rmexp.data.normalised import normalised, text_key
from rmexp.dialogue import Prompt, turns_of
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference, Record, Scored
from rmexp.scored import NO, PAIR, PROMPT, VALIDATION

Keys = NDArray[np.uint64]
_SPEAKER = re.compile(r"^\s*(?:human|user|assistant|system)\s*:", re.IGNORECASE | re.MULTILINE)


def _no_keys() -> Keys:
    return np.empty(0, dtype="<u8")


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class TrainedOn:
    """What a model, and whatever it started from, was trained on and validated with.

    Attributes:
        pairs: (P,) sorted keys of the pairs of training splits, whether or not training came as far as each.
        prompts: (Q,) of the prompts of these splits, which demonstrations and samples have, too.
        val_pairs: (V,) of the pairs of validation splits.
        val_prompts: (W,) of their prompts.
    """

    pairs: Keys = field(default_factory=_no_keys)
    prompts: Keys = field(default_factory=_no_keys)
    val_pairs: Keys = field(default_factory=_no_keys)
    val_prompts: Keys = field(default_factory=_no_keys)

    def arrays(self) -> dict[str, Keys]:
        """By the names of the attributes."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def fingerprint(self) -> str:
        """SHA-256 of all keys, as 16 hexadecimal digits."""
        digest = hashlib.sha256()
        for name, keys in self.arrays().items():
            digest.update(f"{name} {len(keys)}\n".encode() + keys.tobytes())
        return digest.hexdigest()[:16]

    def mark(self, record: Record) -> str:
        """What is known of a record: a pair that was trained on, one of the validation, a prompt, or nothing.

        A list counts as a pair where two of its responses were one.

        Returns:
            `pair`, `validation`, `prompt` or `no`; the first that holds.
        """
        prompt = _prompt(record.prompt)
        known = text_key(prompt)
        trained = _in(known, self.prompts)
        if not trained and not _in(known, self.val_prompts):
            return NO
        pairs = list(_pair_keys(prompt, record.responses))
        if any(_in(pair, self.pairs) for pair in pairs):
            return PAIR
        if any(_in(pair, self.val_pairs) for pair in pairs):
            return VALIDATION
        return PROMPT if trained and prompt else NO  # an empty prompt says nothing


def trained_on(data: PreferenceData, *, prompts_alone: bool = False) -> TrainedOn:
    """What training on a data set will have seen.

    Args:
        data: with the splits `train` and, unless nothing is held out, `val`.
        prompts_alone: whether its responses are not learnt from, as where a policy learns from its own.
    """
    kept: dict[str, Keys] = {}
    splits = data.demonstrations or data.splits
    for name, prefix in (("train", ""), ("val", "val_")):
        pairs, prompts = _keys_of(splits.get(name, ()))
        kept |= {f"{prefix}pairs": pairs[:0] if prompts_alone else pairs, f"{prefix}prompts": prompts}
    return TrainedOn(**kept)


def marked(rows: Iterable[Scored], records: Sequence[Record], known: TrainedOn | None) -> Iterator[Scored]:
    """Scores of records with what the scorer knows of each; as they are where nothing is known of the scorer.

    Args:
        rows: one a record, in the records' order.
        records: that were scored.
        known: what the scorer was trained on.
    """
    if known is None:
        yield from rows
        return
    for row, record in zip(rows, records, strict=True):
        yield replace(row, trained_on=known.mark(record))


def union(parts: Iterable[TrainedOn | None]) -> TrainedOn | None:
    """All that several of them have; None where none is known."""
    known = [part.arrays() for part in parts if part is not None]
    if not known:
        return None
    return TrainedOn(**{name: np.unique(np.concatenate([part[name] for part in known])) for name in known[0]})


def _keys_of(records: Sequence[Record]) -> tuple[Keys, Keys]:
    """Sorted keys of the pairs among records, and of the prompts of all."""
    prompts, pairs = array("Q"), array("Q")
    for prompt, some in groupby(records, lambda record: record.prompt):
        text = _prompt(prompt)
        prompts.append(text_key(text))
        for record in some:
            if isinstance(record, Preference):
                pairs.extend(_pair_keys(text, record.responses))
    return _sorted(pairs), _sorted(prompts)


def _prompt(prompt: Prompt) -> str:
    r"""The text of a prompt made alike, whoever speaks: turns read as the text that names them, line by line.

    >>> _prompt("\n\nHuman: Why?\n\nAssistant: Because.\n\nHuman: So?\n\nAssistant:")
    'why because so'
    """
    spoken = " ".join(f"{turn.content} {turn.further}" for turn in turns_of(prompt))
    return normalised(_SPEAKER.sub(" ", spoken) if ":" in spoken else spoken)


def _pair_keys(prompt: str, responses: Sequence[str]) -> Iterator[int]:
    """Of each two responses, in no order."""
    texts = [normalised(response) for response in responses]
    for two in combinations(texts, 2):
        yield text_key("\n".join((prompt, *sorted(two))))  # no text made alike has a line break


def _sorted(keys: "array[int]") -> Keys:
    return np.unique(np.frombuffer(keys, np.uint64)).astype("<u8")


def _in(key: int, keys: Keys) -> bool:
    place = int(np.searchsorted(keys, np.uint64(key)))
    return place < len(keys) and int(keys[place]) == key
