"""What a model group builds, and which of it a task needs."""

from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rmexp.called import called
from rmexp.models.backbones.encoder import TextEncoder
from rmexp.models.backbones.language_model import LanguageModel
from rmexp.models.backbones.reward_start import RewardStart

Backbone = LanguageModel | TextEncoder | RewardStart


def checked_backbone(given: Any, build: Any) -> Backbone:
    """What a model group has built, if it is a backbone.

    Args:
        given: by it.
        build: what gave it, for messages.

    Raises:
        ValueError: it is none, or its model is none of transformers.
    """
    if not isinstance(given, LanguageModel | TextEncoder | RewardStart):
        came = "nothing" if given is None else type(given).__name__
        raise ValueError(f"{called(build)} must give a LanguageModel or a TextEncoder, got {came} (set model)")
    model = given.causal_lm if isinstance(given, LanguageModel) else given.body
    for part, wanted in ((model, PreTrainedModel), (given.tokenizer, PreTrainedTokenizerBase)):
        if not isinstance(part, wanted):
            came = type(part).__name__
            raise ValueError(f"{called(build)} must give a {wanted.__name__} of transformers, got {came} (set model)")
    return given


def language_model(start: Backbone, task: str) -> LanguageModel:
    """The backbone of a task that predicts tokens.

    Raises:
        ValueError: it is an encoder or a reward model.
    """
    if isinstance(start, LanguageModel):
        return start
    if isinstance(start, RewardStart):
        raise ValueError(
            f"task={task} needs a language model, but {start.base_model} is a reward model: it gives rewards and "
            "predicts no next token (set model.init_from to the language model that it was made from)"
        )
    raise ValueError(
        f"task={task} needs a language model, but {start.base_model} is an encoder, which predicts no next token "
        "(set model, or task=reward)"
    )
