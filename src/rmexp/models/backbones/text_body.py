"""The part of a model that reads tokens, where a configuration nests that of a text model among others."""

from typing import Any

from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING, PreTrainedModel


def text_body(model: Any) -> PreTrainedModel:
    """What is below the heads of a model, without what reads images or sounds.

    Args:
        model: of transformers, with or without a head.
    """
    body = model.base_model
    nested = body.config.get_text_config() is not body.config
    if body is model:  # a family that calls its body otherwise than it says
        body = model.model
    found: PreTrainedModel = model.get_decoder() if nested else body
    return found


def has_classifier(config: Any) -> bool:
    """Whether transformers has a sequence classifier for a family of models."""
    return type(config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
