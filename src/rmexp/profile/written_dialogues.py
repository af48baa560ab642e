"""Dialogues that are written into one text, which a chat template would take for one turn."""

from typing import NamedTuple

from rmexp.profile.pair_texts import PairTexts
from rmexp.sources.formats.transcript import has_turns


class WrittenDialogues(NamedTuple):
    """Pairs with `Human:` or `Assistant:` turns in a text.

    Attributes:
        prompts: pairs whose prompt has such turns.
        responses: pairs of which a response has one, such as what the human would say next.
    """

    prompts: int
    responses: int


def written_dialogues(texts: PairTexts) -> WrittenDialogues:
    """Count them.

    Args:
        texts: of N pairs.
    """
    dialogue = texts.each(has_turns) > 0
    return WrittenDialogues(int(dialogue[texts.prompt].sum()), int(texts.sides(dialogue).any(axis=1).sum()))
