"""The same responses in other tokens: what they say stays, and so does the label of a pair.

Three shifts that no model is needed for: `layout`, how a text lies on the page, `wording`, some of its words, and
`lower_case`. Both sides of a pair are changed by the same rule. Paraphrases by people or models are a data set of their
own.

Source: Razin et al. 2025, "Why is your language model a poor implicit reward model?", who call responses with other
tokens of the same meaning a token-level shift.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rmexp.records import Preference

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")
_WORD = re.compile(r"[A-Za-z]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][A-Za-z]+)?")
# Words that the other one can replace wherever they stand: no noun that is a verb elsewhere, no part of a set phrase.
_BOTH_WAYS = """large:big larger:bigger largest:biggest quickly:rapidly maybe:perhaps although:though often:frequently
buy:purchase buys:purchases buying:purchasing choose:select chooses:selects everybody:everyone anybody:anyone
somebody:someone children:kids occur:happen occurs:happens therefore:thus nearly:almost usually:normally mostly:mainly
problems:issues allow:permit allows:permits allowed:permitted wrong:incorrect"""
_ONE_WAY = """begin:start begins:starts began:started easier:simpler important:significant example:instance
examples:instances cars:automobiles guns:firearms students:pupils also:additionally believe:think believes:thinks
required:needed whole:entire smart:clever builds:constructs very:extremely"""
_CONTRACTIONS = """can't:cannot won't:will-not don't:do-not doesn't:does-not didn't:did-not isn't:is-not aren't:are-not
wasn't:was-not weren't:were-not haven't:have-not hasn't:has-not hadn't:had-not wouldn't:would-not shouldn't:should-not
couldn't:could-not i'm:I-am it's:it-is that's:that-is there's:there-is they're:they-are we're:we-are you're:you-are
i've:I-have we've:we-have they've:they-have you've:you-have i'll:I-will they'll:they-will it'll:it-will"""


def _pairs(text: str) -> dict[str, str]:
    return dict(item.split(":") for item in text.split())


_FORWARD = _pairs(_BOTH_WAYS)
WORDS: Mapping[str, str] = (
    {second: first for first, second in _FORWARD.items()}
    | _FORWARD
    | _pairs(_ONE_WAY)
    | {word: other.replace("-", " ") for word, other in _pairs(_CONTRACTIONS).items()}
)


def layout(text: str) -> str:
    r"""JSON over several lines, or in one where it had several; of any other text one sentence a line.

    >>> layout('{"a": [1]}'), layout("One. Two!"), layout("One.\nTwo!")
    ('{\n  "a": [\n    1\n  ]\n}', 'One.\nTwo!', 'One. Two!')
    """
    parsed = _json(text)
    if parsed is not None:
        return json.dumps(parsed, ensure_ascii=False, indent=None if "\n" in text.strip() else 2)
    return _SENTENCE_END.sub(lambda gap: " " if "\n" in gap[0] else "\n", text)


def wording(text: str) -> str:
    """Common words by others of the same meaning and contractions in full; of JSON the texts alone.

    >>> wording("Maybe it's a large cat."), wording('{"big": "a big one"}')
    ('Perhaps it is a big cat.', '{"big": "a large one"}')
    """
    parsed = _json(text)
    if parsed is not None:
        return json.dumps(_mapped(parsed), ensure_ascii=False, indent=2 if "\n" in text.strip() else None)
    return _WORD.sub(_other, text)


SHIFTS: Mapping[str, Callable[[str], str]] = {"layout": layout, "wording": wording, "lower_case": str.lower}


def shifted(records: Sequence[Preference], shift: str) -> list[tuple[Preference, Preference]]:
    """Pairs as they are and in other tokens; those that would stay as they are, or become alike, are left out.

    Args:
        records: pairs.
        shift: name of one of `SHIFTS`.
    """
    change, result = SHIFTS[shift], []
    for record in records:
        chosen, rejected = change(record.chosen), change(record.rejected)
        if chosen != rejected and (chosen, rejected) != record.responses:
            meta = {**record.meta, "shift": shift}
            result.append((record, replace(record, chosen=chosen, rejected=rejected, meta=meta)))
    return result


def _json(text: str) -> Any:
    """The object or list that a text is; None where it is something else."""
    if text.strip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _mapped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item) for item in value]
    return _WORD.sub(_other, value) if isinstance(value, str) else value


def _other(match: re.Match[str]) -> str:
    word = match[0]
    other = WORDS.get(word.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    if other is None:
        return word
    return other[0].upper() + other[1:] if word[0].isupper() else other
