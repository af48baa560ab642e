"""The model that a stage starts from, and what trains it."""

import logging
from typing import Any

import torch

from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.hardware.precision import weights_in
from rmexp.models.attention.decoder_layers import check_compilable
from rmexp.models.backbones.backbone import Backbone, checked_backbone, language_model
from rmexp.models.backbones.four_bit import FOUR_BIT, quantise
from rmexp.models.backbones.language_model import LanguageModel
from rmexp.models.backbones.trained_weights import choose_trained
from rmexp.models.folders.chat_template import check_same_template, tell_no_template, use_chat_template
from rmexp.models.folders.folder import checked_start
from rmexp.phases import Phase, phase
from rmexp.preference_data import PreferenceData
from rmexp.stages.parts import StageParts
from rmexp.stages.texts_to_learn import texts_to_learn
from rmexp.training.stage import TrainingModule

log = logging.getLogger(__name__)


def start_model(parts: StageParts, records: PreferenceData, cache_dir: str | None) -> Backbone:
    """The model to start from: a folder when one is given, else what the model group builds.

    Args:
        parts: of the stage.
        records: whose training split a new tokenizer learns from.
        cache_dir: where it may be kept; see `Limits`.
    """
    starting, folder = parts.model.starting, parts.folders.start
    with phase(Phase.MODEL, folder or parts.model.path or "a new one"):
        if folder is not None:
            start = parts.model.load(folder)
        else:
            build = parts.model.build
            start = checked_backbone(build(texts_to_learn(records, cache_dir), parts.seed), build)
            start = start if parts.model.path is None else checked_start(start, parts.model.path)
    _check_kind(parts, start, folder or parts.model.path or start.base_model)
    weights_in(parts.trainer.options.precision, start.causal_lm if isinstance(start, LanguageModel) else start.body)
    use_chat_template(start.tokenizer, starting.chat_template)
    tell_no_template(start.tokenizer, starting.chat_template, folder or parts.model.path or start.base_model)
    if starting.gradient_checkpointing:
        _checkpoint_layers(start.body)
    if starting.trained != "all" and isinstance(start, LanguageModel):
        start.causal_lm.requires_grad_(False)  # the output layer, which is no part of the body, neither
    if starting.load == FOUR_BIT:
        quantise(start.body, getattr(torch, start.save_dtype))
        start = start._replace(fingerprint=None)  # in 4 bits it is in no folder
    choose_trained(start.body, starting.trained, starting.adapters)
    return start._replace(layout=starting.layout, save_dtype=starting.save_dtype or start.save_dtype)


def _checkpoint_layers(body: Any) -> None:
    """Have layers computed again for the gradient; transformers has another name for it of late."""
    if not body.supports_gradient_checkpointing:
        raise ValueError(
            f"{type(body).__name__} cannot compute its layers again for the gradient (set "
            "model.gradient_checkpointing=false)"
        )
    enable = getattr(body, "activation_checkpointing_enable", None) or body.gradient_checkpointing_enable
    enable()


def _check_kind(parts: StageParts, start: Backbone, folder: str) -> None:
    """Refuse a model that a task cannot start from; say what becomes of its head, and where there is a new one."""
    if parts.task == "reward":
        what = "a new head is put on" if start.head is None else f"going on with the head `{start.head.name}` of"
        log.info("reward: %s %s", what, folder)
        return
    head = language_model(start._replace(base_model=folder), parts.task).head
    if parts.model.starting.trained == "head":
        raise ValueError(
            f"a language model has no reward head, so task={parts.task} has nothing to train (set "
            "model.trained to all or adapters, got head)"
        )
    if head is not None:
        log.info("%s: the head `%s` of %s is not used: a language model has none", parts.task, head.name, folder)


def module_of(parts: StageParts, start: Backbone) -> TrainingModule:
    """What trains a model, with all that it learns by.

    Args:
        parts: that the stage is made of.
        start: the model.

    Raises:
        ValueError: the model cannot be compiled, or reads prompts otherwise than its reference.
    """
    if parts.reference is not None:
        check_same_template(parts.reference, start.tokenizer)
    learnt: dict[str, Any] = {"loss": parts.loss, "optimizer": parts.optimizer, "schedule": parts.schedule}
    if (reference := other_reference(parts, start)) is not None:
        learnt["reference"] = reference
    module: TrainingModule = parts.module(start=start, **learnt)
    if parts.trainer.options.compiled:
        check_compilable(start.body, module.packed)
    return module


def other_reference(parts: StageParts, start: Backbone) -> LanguageModel | None:
    """The model that a policy is measured against, where that is not the one that it starts from.

    Raises:
        ValueError: the two read prompts differently.
    """
    folders = parts.folders
    if folders.reference is None or folders.reference == folders.start:
        return None
    reference = language_model(parts.model.load(folders.reference), parts.task)
    weights_in(parts.trainer.options.precision, reference.causal_lm)
    own, other = tokenizer_fields(start.tokenizer), tokenizer_fields(reference.tokenizer)
    for name in own:
        if own[name] != other[name]:
            raise ValueError(
                f"a policy is compared with its reference on the same inputs, but {name} is {own[name]} in "
                f"{folders.start} and {other[name]} in {folders.reference} (set model.reference)"
            )
    return reference._replace(layout=start.layout)
