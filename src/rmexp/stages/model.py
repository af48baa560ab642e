"""The model that a stage starts from, and the folders that it leaves."""

from pathlib import Path

from rmexp.data.trained_on import TrainedOn, trained_on, union
from rmexp.dialogue import turns_of
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.models.backbones.backbone import Backbone, language_model
from rmexp.models.backbones.language_model import LanguageModel
from rmexp.models.backbones.trained_weights import choose_trained
from rmexp.models.folders.adapter import save_adapter
from rmexp.models.folders.chat_template import use_chat_template
from rmexp.models.folders.contract import Contract
from rmexp.models.folders.folder import save_folder
from rmexp.models.folders.trained_on import read_trained_on, write_trained_on
from rmexp.phases import Phase, phase
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference
from rmexp.runs.summaries.train import ModelMade
from rmexp.stages.parts import StageParts
from rmexp.training.stage import ContractFields, StageModule


def start_model(parts: StageParts, records: PreferenceData) -> Backbone:
    """The model to start from: a folder when one is given, else what the model group builds."""
    starting, folder = parts.model.starting, parts.folders.start
    with phase(Phase.MODEL, folder or parts.model.path or "a new one"):
        if folder is not None:
            start = parts.model.load(folder)
        else:
            examples = (records.demonstrations or records.splits)["train"]
            start = parts.model.build((text for record in examples for text in _texts(record)), parts.seed)
    use_chat_template(start.tokenizer, starting.chat_template)
    if starting.gradient_checkpointing:
        start.body.gradient_checkpointing_enable()
    choose_trained(start.body, starting.trained, starting.adapters)
    return start._replace(layout=starting.layout)


def other_reference(parts: StageParts, start: Backbone) -> LanguageModel | None:
    """The model that a policy is measured against, where that is not the one that it starts from.

    Raises:
        ValueError: the two read prompts differently.
    """
    folders = parts.folders
    if folders.reference is None or folders.reference == folders.start:
        return None
    reference = language_model(parts.model.load(folders.reference), parts.task)
    own, other = tokenizer_fields(start.tokenizer), tokenizer_fields(reference.tokenizer)
    for name in own:
        if own[name] != other[name]:
            raise ValueError(
                f"a policy is compared with its reference on the same inputs, but {name} is {own[name]} in "
                f"{folders.start} and {other[name]} in {folders.reference} (set model.reference)"
            )
    return reference._replace(layout=start.layout)


def seen_before(parts: StageParts) -> TrainedOn | None:
    """What the model that a stage starts from, and its reference, were trained on; None where nothing says it."""
    read = {parts.folders.start or parts.model.path, parts.folders.reference}
    return union(read_trained_on(path) for path in sorted(path for path in read if path is not None))


def seen_by(parts: StageParts, records: PreferenceData) -> TrainedOn | None:
    """What the finished model of a stage has seen: what its start had, and what it learns from and validates with."""
    return union([seen_before(parts), trained_on(records, prompts_alone=parts.ppo is not None)])


def save_model(
    folder: Path,
    module: StageModule,
    start: Backbone,
    max_tokens: int,
    fields: ContractFields,
    seen: TrainedOn | None,
) -> str:
    """Write the model of a module into a folder, with its contract.

    Args:
        folder: that is made.
        module: that was trained, or is about to be.
        start: what it started from.
        max_tokens: longest sequence in training.
        fields: of the contract, beyond those of every model.
        seen: what the model has been trained on; None where nobody knows.

    Returns:
        The folder's fingerprint.
    """
    contract = Contract(
        kind=module.kind,
        pooling=module.pooling,
        max_tokens=max_tokens,
        dtype=str(next(module.parameters()).dtype).removeprefix("torch."),
        base_model=start.base_model,
        revision=start.revision,
        **tokenizer_fields(start.tokenizer),
        **fields,
    )
    with phase(Phase.SAVING, str(folder)):
        return save_folder(folder, module.save, start.tokenizer, contract, trained_on=seen)


def leave_model(
    folder: Path,
    module: StageModule,
    start: Backbone,
    max_tokens: int,
    fields: ContractFields,
    seen: TrainedOn | None,
) -> ModelMade:
    """Write the finished model, as `save_model` does; what is said of it in the summary."""
    fingerprint = save_model(folder, module, start, max_tokens, fields, seen)
    return ModelMade(str(folder), fingerprint, sum(parameter.numel() for parameter in module.model.parameters()))


def save_adapter_alone(
    parts: StageParts, module: StageModule, start: Backbone, folder: Path, seen: TrainedOn | None
) -> None:
    """Leave adapters by themselves too, where a folder or a name on the hub is what they adapt."""
    base = parts.folders.start or parts.model.path
    if parts.model.starting.trained == "adapters" and base and isinstance(start, LanguageModel):
        save_adapter(folder, module.model, base, start.revision, start.tokenizer)
        if seen is not None:
            write_trained_on(folder, seen)


def _texts(record: Preference | Candidates) -> tuple[str, ...]:
    return (*(turn.content for turn in turns_of(record.prompt)), *record.responses)
