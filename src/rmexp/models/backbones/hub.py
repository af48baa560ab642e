"""Language models that transformers loads, and reward models in their place: hub ids and local folders."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
)

from rmexp.models.backbones.found_head import found_head, named_head
from rmexp.models.backbones.language_model import LanguageModel
from rmexp.models.backbones.pretrained import Source, find_source, refuse_missing
from rmexp.models.backbones.reward_start import RewardStart, reward_parts
from rmexp.models.backbones.text_body import text_body

log = logging.getLogger(__name__)


def hub(
    texts: Iterable[str], seed: int, *, path: str, revision: str | None, dtype: str, trust_remote_code: bool
) -> LanguageModel | RewardStart:
    """Load a language model and its tokenizer; or, where there is a reward model, its body and its head.

    Args:
        texts: not used; a tokenizer comes with the model.
        seed: not used; the weights come with the model.
        path: local folder, or hub id such as `TinyLlama/TinyLlama-1.1B-Chat-v1.0`, with `@` and a revision if need be.
        revision: commit, tag or branch of a hub repository; the commit it stands for is recorded.
        dtype: of the weights: float32, bfloat16 or float16.
        trust_remote_code: whether code from the repository may run.

    Raises:
        ValueError: no model there, no such repository, or no network to fetch it.
    """
    return read_model(find_source(path, revision, dtype, trust_remote_code))


def read_model(source: Source, head_names: Mapping[str, str] | None = None) -> LanguageModel | RewardStart:
    """The language model or the reward model of a source; see `hub`.

    Args:
        source: where it is.
        head_names: see `named_head`; None for a head that goes by a known name, if there is one.

    Raises:
        ValueError: it is of another kind, or some of its weights are missing.
    """
    tokenizer = source.own_tokenizer()
    parts = None if head_names else reward_parts(source)
    if parts is not None:
        return RewardStart.of(parts, tokenizer, source)
    if getattr(source.config(), "is_encoder_decoder", False):
        raise ValueError(f"{source.path} has an encoder and a decoder; rewards are trained on it with model=encoder")
    causal_lm, missing = source.model(class_of(source.config()))
    body = text_body(causal_lm)
    if body is not causal_lm.base_model:
        what = (
            f"its text model, {type(body).__name__}, is trained, and the rest of {type(causal_lm).__name__} left alone"
        )
        log.info("%s: %s", source.path, what)
    head = named_head(source, body, head_names) if head_names else found_head(source, body)
    if head is not None and (head_names or missing or not _says_language_model(causal_lm.config)):
        of_body = f"{causal_lm.base_model_prefix}."
        refuse_missing(source.path, [name for name in missing if name.startswith(of_body)], "reward model")
        return RewardStart(body, head, tokenizer, source.path, source.commit, save_dtype=source.save_dtype)
    refuse_missing(source.path, missing, "language model")
    return LanguageModel(causal_lm, tokenizer, source.path, source.commit, head=head, save_dtype=source.save_dtype)


def class_of(config: Any) -> Any:
    """The class of transformers that predicts tokens; families that read images too have another one."""
    other = type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING and type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    return AutoModelForImageTextToText if other else AutoModelForCausalLM


def _says_language_model(config: Any) -> bool:
    return any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in config.architectures or [])
