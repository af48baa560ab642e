"""What a model group builds, and which of it a task needs."""

from rmexp.models.backbones.encoder import TextEncoder
from rmexp.models.backbones.language_model import LanguageModel

Backbone = LanguageModel | TextEncoder


def language_model(start: Backbone, task: str) -> LanguageModel:
    """The backbone of a task that predicts tokens.

    Raises:
        ValueError: it is an encoder.
    """
    if isinstance(start, LanguageModel):
        return start
    raise ValueError(
        f"task={task} needs a language model, but {start.base_model} is an encoder, which predicts no next token "
        "(set model, or task=reward)"
    )
