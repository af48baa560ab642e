"""Model folders: read with their contract checked, written whole or not at all."""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rmexp.data.trained_on import TrainedOn
from rmexp.durable import move_folder
from rmexp.models.backbones.backbone import Backbone
from rmexp.models.backbones.hub import hub, read_model
from rmexp.models.backbones.language_model import LanguageModel, disable_dropout
from rmexp.models.backbones.location import folder_fingerprint, is_adapter
from rmexp.models.backbones.pretrained import Source, find_source
from rmexp.models.backbones.reward_start import HEAD_FILE
from rmexp.models.folders.adapter import merged_adapter, whole_model
from rmexp.models.folders.contract import FILE, Contract, check_tokenizer, read_contract
from rmexp.models.folders.conversation_template import save_tokenizer
from rmexp.models.folders.trained_on import Promise, write_trained_on
from rmexp.models.reward_model import RewardModel
from rmexp.phases import Phase, phase


def load_language_model(folder: str, *, dtype: str = "float32", trust_remote_code: bool = False) -> LanguageModel:
    """A language model with its tokenizer, checked against its contract where it has one.

    Args:
        folder: local folder, or hub id with `@` and a revision if need be.
        dtype: of the weights.
        trust_remote_code: whether code from a repository may run.

    Raises:
        ValueError: there is no model, it is a reward model, or its contract does not hold.
    """
    contract = read_contract(folder)
    _expect(contract, "language_model", folder)
    with phase(Phase.MODEL, folder), whole_model(folder) as whole:
        found = hub((), 0, path=whole, revision=None, dtype=dtype, trust_remote_code=trust_remote_code)
    if not isinstance(found, LanguageModel):
        raise ValueError(f"{folder}: expected a language model, but it is a reward model")
    loaded = found._replace(fingerprint=folder_fingerprint(folder))
    if contract is not None:
        check_tokenizer(contract, loaded.tokenizer, folder)
        loaded = loaded._replace(base_model=contract.base_model, revision=contract.revision)
    disable_dropout(loaded.causal_lm)
    return loaded


def load_reward_model(
    folder: str, *, dtype: str = "float32", head_names: Mapping[str, str] | None = None
) -> tuple[RewardModel, Any]:
    """A reward model and its tokenizer, checked against its contract where it has one.

    Args:
        folder: local folder, also of an adapter, or hub id with `@` and a revision if need be.
        dtype: of the weights; `AS_SAVED` for the one that they are saved in.
        head_names: of a head's tensors, where they go by no known one; see `named_head`.

    Raises:
        ValueError: there is no model, it has no score head, or its contract does not hold.
    """
    with phase(Phase.MODEL, folder), whole_model(folder) as whole:
        source = find_source(whole, None, dtype, trust_remote_code=False)
        return _reward_model(folder, source, head_names)


def _reward_model(folder: str, source: Source, head_names: Mapping[str, str] | None) -> tuple[RewardModel, Any]:
    contract = read_contract(folder)
    _expect(contract, "reward_model", folder)
    start = read_model(source, head_names)
    if start.head is None:
        raise ValueError(f"{folder} is no reward model: it has no head with one output")
    if (Path(folder) / HEAD_FILE).is_file() and (contract is None or contract.pooling is None):
        raise ValueError(f"{folder} has a {HEAD_FILE}, but no {FILE} that says its pooling")
    pooling = start.pooling if contract is None or contract.pooling is None else contract.pooling
    model = RewardModel(start.body, start.head.layer, pooling=pooling, mask_padding=start.mask_padding)
    if contract is not None:
        check_tokenizer(contract, start.tokenizer, folder)
    disable_dropout(model)
    return model, start.tokenizer


def load_backbone(folder: str, *, dtype: str = "float32", trust_remote_code: bool = False) -> Backbone:
    """What a module starts from: a language model, or a reward model with its head.

    Args:
        folder: of a whole model or an adapter, or hub id with `@` and a revision if need be.
        dtype: of the weights: float32, bfloat16 or float16.
        trust_remote_code: whether code from the repository may run.

    Raises:
        ValueError: there is no model, or its contract does not hold.

    >>> load_backbone("nowhere/there/model")
    Traceback (most recent call last):
    ValueError: nowhere/there/model: expected a model folder or a hub id, but there is no such folder
    """
    return load_start(lambda path: read_model(find_source(path, None, dtype, trust_remote_code)), folder)


def load_start(read: Callable[[str], Backbone], folder: str) -> Backbone:
    """The model that training starts from, checked against its contract where it has one.

    Args:
        read: a model group's builder, of a folder or hub id.
        folder: of a whole model or an adapter, or hub id.

    Raises:
        ValueError: there is no model, or its contract does not hold.
    """
    if is_adapter(folder):
        with merged_adapter(folder) as whole:
            start = checked_start(read(whole), folder)
        return start._replace(base_model=folder, fingerprint=folder_fingerprint(folder))
    start = checked_start(read(folder), folder)._replace(fingerprint=folder_fingerprint(folder))
    contract = read_contract(folder)
    return start if contract is None else start._replace(base_model=contract.base_model, revision=contract.revision)


def checked_start(start: Backbone, folder: str) -> Backbone:
    """A model as it was read, once it is known to be what its folder's contract says.

    Raises:
        ValueError: it is not.
    """
    contract = read_contract(folder)
    if contract is None:
        return start
    check_tokenizer(contract, start.tokenizer, folder)
    if contract.kind == "reward_model" and contract.pooling not in (None, start.pooling):
        raise ValueError(
            f"the head of {folder} reads the {contract.pooling}, but model.pooling is {start.pooling} "
            f"(set model.pooling={contract.pooling})"
        )
    return start


def save_folder(
    folder: Path,
    save_weights: Callable[[Path], None],
    tokenizer: Any,
    contract: Contract,
    finish: Callable[[Path], None] = lambda written: None,
    trained_on: TrainedOn | None = None,
) -> str:
    """Write weights, tokenizer and contract beside their place, then move them there in one step.

    Args:
        folder: where they go; an older one is replaced.
        save_weights: writes the weights into a folder.
        tokenizer: that goes with them.
        contract: what the folder promises.
        finish: called with what is written before it is moved; where it raises, as before it, nothing is left.
        trained_on: what the model has seen; None where nobody knows.

    Returns:
        The folder's fingerprint.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with _system_told(folder):
            save_weights(partial)
            save_tokenizer(partial, tokenizer)
        promised = Promise(None, None) if trained_on is None else write_trained_on(partial, trained_on)
        replace(contract, trained_on=promised.file, trained_on_fingerprint=promised.fingerprint).save(partial)
        finish(partial)
    except BaseException:
        shutil.rmtree(partial)
        raise
    move_folder(partial, folder)
    return folder_fingerprint(str(folder))


@contextmanager
def _system_told(folder: Path) -> Iterator[None]:
    """Let what the system says of a folder, such as that the disk is full, be the error that it is elsewhere.

    Libraries in Rust tell it in errors of their own, those of tokenizers of no kind.
    """
    try:
        yield
    except Exception as error:
        if (number := re.search(r"os error (\d+)", str(error))) is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(folder)) from error


def _expect(contract: Contract | None, kind: str, folder: str) -> None:
    if contract is not None and contract.kind != kind:
        raise ValueError(f"{folder}: expected a {kind.replace('_', ' ')}, but its contract says {contract.kind}")
