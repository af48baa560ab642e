"""The folders of models that a stage leaves, and what is said of them."""

import copy
import logging
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import torch

from rmexp.data.trained_on import TrainedOn, trained_on, union
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.models.backbones.backbone import Backbone
from rmexp.models.backbones.four_bit import FOUR_BIT
from rmexp.models.backbones.location import is_adapter
from rmexp.models.backbones.trained_weights import merge
from rmexp.models.folders.adapter import adapter_base, save_adapter
from rmexp.models.folders.contract import FILE as CONTRACT
from rmexp.models.folders.contract import Contract
from rmexp.models.folders.folder import save_folder
from rmexp.models.folders.padding import ends_in_padding, pad_apart, room_for_padding
from rmexp.models.folders.saved_type import cast_files
from rmexp.models.folders.trained_on import FILE as TRAINED_ON
from rmexp.models.folders.trained_on import read_trained_on
from rmexp.models.reward_model import RewardModel
from rmexp.phases import Phase, phase
from rmexp.preference_data import PreferenceData
from rmexp.runs.summaries.train import ModelMade
from rmexp.stages.parts import StageParts
from rmexp.training.stage import ContractFields, StageModule

log = logging.getLogger(__name__)


def seen_before(parts: StageParts) -> TrainedOn | None:
    """What the model that a stage starts from, and its reference, were trained on; None where nothing says it."""
    given = {parts.folders.start or parts.model.path, parts.folders.reference} - {None}
    bases = {adapter_base(path) for path in given if path is not None and is_adapter(path)}
    return union(read_trained_on(path) for path in sorted(path for path in given | bases if path is not None))


def seen_by(parts: StageParts, records: PreferenceData) -> TrainedOn | None:
    """What the finished model of a stage has seen: what its start had, and what it learns from and validates with."""
    return union([seen_before(parts), trained_on(records, prompts_alone=parts.ppo is not None)])


class StageModel(NamedTuple):
    """The model of a stage, with all that its folder says of it.

    Attributes:
        module: that was trained, or is about to be.
        start: what it started from.
        max_tokens: longest sequence in training.
        fields: of the contract, beyond those of every model.
        seen: what the model has been trained on; None where nobody knows.
    """

    module: StageModule
    start: Backbone
    max_tokens: int
    fields: ContractFields
    seen: TrainedOn | None


def save_model(folder: Path, model: StageModel) -> str:
    """Write the model of a stage into a folder, with its contract; the folder's fingerprint."""
    module, start = model.module, model.start
    tokenizer = start.tokenizer if module.kind != "reward_model" else _ready_to_pad(start)
    contract = Contract(
        kind=module.kind,
        pooling=module.pooling,
        max_tokens=model.max_tokens,
        dtype=start.save_dtype,
        base_model=start.base_model,
        revision=start.revision,
        **tokenizer_fields(tokenizer),
        **model.fields,
    )

    def save_weights(written: Path) -> None:
        with room_for_padding(start.body):
            module.save(written)
        if any(parameter.dtype != getattr(torch, start.save_dtype) for parameter in module.parameters()):
            cast_files(written, start.save_dtype)

    with phase(Phase.SAVING, str(folder)):
        return save_folder(folder, save_weights, tokenizer, contract, trained_on=model.seen)


def _ready_to_pad(start: Backbone) -> Any:
    """The tokenizer of a reward model with a padding token that its configuration knows and that ends no response."""
    tokenizer = start.tokenizer
    if ends_in_padding(tokenizer) and not start.mask_padding:
        tokenizer = copy.deepcopy(tokenizer)
        pad_apart(tokenizer)
    start.body.config.pad_token_id = tokenizer.pad_token_id
    return tokenizer


def leave_model(folder: Path, model: StageModel) -> ModelMade:
    """Write the finished model, as `save_model` does, its adapters merged; what is said of it in the summary."""
    whole = model.module.model
    parameters = sum(parameter.numel() for parameter in whole.parameters())  # adapters among them
    merge(whole)
    return ModelMade(str(folder), save_model(folder, model), parameters)


def save_adapter_alone(parts: StageParts, module: StageModule, start: Backbone, folder: Path) -> None:
    """Leave adapters by themselves too, where a folder or a name on the hub is what they adapt; see `promise_alike`."""
    base, model = parts.folders.start or parts.model.path, module.model
    if parts.model.starting.trained != "adapters" or base is None or start.mask_padding:
        return
    if parts.model.starting.load == FOUR_BIT:
        log.info("the adapters are beside %s in 4 bits, which is in no folder: model/ alone holds them, merged", base)
    elif is_adapter(base):
        log.info("the adapters are on top of %s, whose merged weights are in no folder: model/ alone holds them", base)
    elif isinstance(model, RewardModel) and not model.plain_classifier:
        log.info(
            "%s has no plain sequence classifier, which an adapter folder needs: model/ alone holds all of it", base
        )
    else:
        tokenizer = _ready_to_pad(start) if isinstance(model, RewardModel) else start.tokenizer
        save_adapter(folder, model, base, start.revision, tokenizer)


def promise_alike(adapter: Path, model: Path) -> None:
    """Let an adapter by itself, where there is one, promise what the folder of the merged model does.

    Its weights are those that were learnt, in float32. The contract has the type to which the sum is rounded.
    """
    for name in (CONTRACT, TRAINED_ON):
        if adapter.is_dir() and (model / name).is_file():
            shutil.copyfile(model / name, adapter / name)
