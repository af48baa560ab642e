"""What a model group builds, and which of it a task needs."""

from rmexp.models.backbones.encoder import TextEncoder
from rmexp.models.backbones.language_model import LanguageModel
from rmexp.models.backbones.reward_start import RewardStart

Backbone = LanguageModel | TextEncoder | RewardStart


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
