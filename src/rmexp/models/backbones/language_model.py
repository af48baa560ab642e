"""A causal language model with its tokenizer, and where it comes from."""

from typing import Any, NamedTuple

from torch import nn
from transformers import PreTrainedModel

from rmexp.models.backbones.found_head import FoundHead
from rmexp.models.backbones.text_body import text_body


class LanguageModel(NamedTuple):
    """What a model group builds."""

    causal_lm: PreTrainedModel  # with a language-model head
    tokenizer: Any  # a fast transformers tokenizer
    base_model: str  # what the weights come from: "tiny", a hub id, a folder
    revision: str | None  # commit of a hub repository
    fingerprint: str | None = None  # of the folder it was read from; None for weights that are in no folder
    layout: str = "auto"  # of rows; see `TokenStates`
    head: FoundHead | None = None  # that gives values or rewards, beside the language-model head
    save_dtype: str = "float32"  # that its weights are saved in: of the files that they came from

    @property
    def body(self) -> PreTrainedModel:
        """The text model without its language-model head."""
        return text_body(self.causal_lm)

    @property
    def pooling(self) -> str:
        """Hidden state that a reward is read from: the only one that has seen the whole sequence."""
        return "last_token"

    @property
    def mask_padding(self) -> bool:
        """Whether the body must be told what is padding: causal attention never looks to the right."""
        return False


def check_positions(model: PreTrainedModel, max_tokens: int) -> None:
    """Refuse sequences that are longer than the model has positions for.

    Raises:
        ValueError: naming both numbers.
    """
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    for name, module in model.named_modules():
        # The RoBERTa family counts positions from behind that of its padding.
        if positions and name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            positions -= module.padding_idx + 1
    if positions is not None and max_tokens > positions:
        raise ValueError(
            f"data.max_tokens must be at most the {positions} positions of the model, got {max_tokens} "
            f"(set data.max_tokens={positions})"
        )


def disable_dropout(model: nn.Module) -> None:
    """Set every dropout to zero: policy and reference, or two epochs, should differ by training alone.

    Families call the probabilities `dropout`, `activation_dropout`, `attn_pdrop` or `layerdrop`: every number that a
    module has by a name with `drop` in it is one.
    """
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name, value in vars(module).items():
            if "drop" in name and isinstance(value, float):
                setattr(module, name, 0.0)
