"""The model that a stage starts from, and the folder that it leaves."""

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig

from rmexp.config.build import build_framed
from rmexp.models.backbone import Backbone
from rmexp.models.chat_template import use_chat_template
from rmexp.models.contract import Contract, tokenizer_fields
from rmexp.models.folder import load_language_model, save_folder
from rmexp.models.start import StartingPoint
from rmexp.models.trained_weights import choose_trained
from rmexp.preference_data import PreferenceData
from rmexp.runs.folder import RunFolder
from rmexp.training.stage import StageModule


def start_model(config: DictConfig, records: PreferenceData) -> Backbone:
    """The model to start from: a folder when one is given, else what the model group builds."""
    builder, starting = build_framed("model", config.model)
    assert isinstance(starting, StartingPoint)
    if starting.reference is not None:
        start = reference_model(config)
    else:
        examples = (records.demonstrations or records.splits)["train"]
        prompts = (encoded for record in examples for encoded in _texts(record))
        start = builder(prompts, config.seed)
    use_chat_template(start.tokenizer, starting.chat_template)
    if starting.gradient_checkpointing:
        start.body.gradient_checkpointing_enable()
    choose_trained(start.body, starting.trained, starting.adapters)
    return start._replace(layout=starting.layout)


def reference_model(config: DictConfig) -> Backbone:
    """What is in the folder model.reference, loaded as the model group says."""
    loading = {key: config.model[key] for key in ("dtype", "trust_remote_code") if key in config.model}
    return load_language_model(config.model.reference, **loading)


def save_model(
    run: RunFolder, name: str, module: StageModule, start: Backbone, max_tokens: int, fields: Mapping[str, Any]
) -> str:
    """Write the model of a module into a folder of the run, with its contract.

    Args:
        run: whose folder.
        name: of the folder in it.
        module: that was trained, or is about to be.
        start: what it started from.
        max_tokens: longest sequence in training.
        fields: of the contract, beyond those of every model.

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
    return save_folder(run.path / name, module.save, start.tokenizer, contract)


def parameters(module: StageModule) -> int:
    """Parameters of a module's model."""
    return sum(parameter.numel() for parameter in module.model.parameters())


def _texts(record: Any) -> tuple[str, ...]:
    turns = (record.prompt,) if isinstance(record.prompt, str) else [message.content for message in record.prompt]
    return (*turns, *record.responses)
