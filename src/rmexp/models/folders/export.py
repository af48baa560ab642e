"""Model folders for other programs: every convention of theirs met, nothing of the scores changed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import PreTrainedModel

from rmexp.data.loading import Limits
from rmexp.data.trained_on import TrainedOn
from rmexp.encoding.encode import Encoder
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.models.attention.encoder_decoder import is_both
from rmexp.models.backbones.classifier_head import ClassifierHead
from rmexp.models.backbones.location import is_adapter
from rmexp.models.backbones.pretrained import AS_SAVED, find_source
from rmexp.models.backbones.reward_start import HEAD_FILE
from rmexp.models.backbones.text_body import has_classifier
from rmexp.models.folders.adapter import adapter_base, copy_adapter, merged_adapter
from rmexp.models.folders.contract import Contract, read_contract
from rmexp.models.folders.conversation_template import use_conversation_template
from rmexp.models.folders.folder import load_language_model, load_reward_model, save_folder
from rmexp.models.folders.padding import ends_in_padding, pad_apart
from rmexp.models.folders.trained_on import read_trained_on
from rmexp.models.reward_model import RewardModel
from rmexp.records import Prompt

REWARD_MODEL, LANGUAGE_MODEL = "reward_model", "language_model"


class Export(NamedTuple):
    """A model that is about to be written.

    Attributes:
        kind: `reward_model` or `language_model`.
        model: it is computed with.
        save: writes its weights.
        tokenizer: with the template that goes into the folder.
        encoder: as the model was trained with; it shares the tokenizer.
        contract: of the folder.
        remarks: what is not as it was in the folder it comes from, each a sentence.
        adapter: whether it is written as an adapter, which peft loads on its base.
        trained_on: what the model has seen; None where nobody knows.
    """

    kind: str
    model: Any
    save: Callable[[Path], None]
    tokenizer: Any
    encoder: Encoder
    contract: Contract
    remarks: tuple[str, ...]
    adapter: bool = False
    trained_on: TrainedOn | None = None

    def write(self, folder: Path, finish: Callable[[Path], None]) -> str:
        """Write the folder; see `save_folder`."""
        return save_folder(folder, self.save, self.tokenizer, self.contract, finish, trained_on=self.trained_on)


def prepare_export(path: str, examples: Sequence[tuple[Prompt, str]], *, merge: bool = True) -> Export:
    """Load a model and meet the conventions of transformers' classifiers, TRL, vLLM and SGLang.

    Args:
        path: `model/` folder of a run, or a transformers folder or hub id, or an adapter of PEFT.
        examples: prompts with responses, to see what the chat template does with conversations.
        merge: whether an adapter is added to the weights that it adapts, or written as it is, with its head.

    Raises:
        ValueError: there is no model, or one that no plain transformers folder can hold, or a whole model that should
            stay an adapter.
    """
    if is_adapter(path):
        return _of_adapter(path, examples, merge)
    if not merge:
        raise ValueError(f"{path} is a whole model, so there is no adapter to keep apart (set merge=true)")
    contract = read_contract(path)
    kind = contract.kind if contract is not None else _kind(path)
    if kind == REWARD_MODEL:
        model, tokenizer = load_reward_model(path, dtype=AS_SAVED)
        if not model.plain_classifier:
            raise ValueError(f"{path} {_why_not_plain(model)}")
        body, save = model.body, model.save
    else:
        loaded = load_language_model(path, dtype=AS_SAVED)
        model, tokenizer, body, save = *loaded[:2], loaded.causal_lm, loaded.causal_lm.save_pretrained
    model.eval()
    remarks = _pad(tokenizer, body)
    limit = contract.max_tokens if contract is not None else _positions(body)
    encoder = Encoder(tokenizer, Limits(max(limit, _positions(body)), "error", None, 1))
    if use_conversation_template(tokenizer, encoder, examples):
        remarks += ("The chat template was extended: a conversation ends with the end token, as in training.",)
    found = contract or Contract(
        kind=kind,
        pooling="last_token" if kind == REWARD_MODEL else None,
        max_tokens=limit,
        dtype=str(model_dtype(model)).removeprefix("torch."),
        base_model=path,
        revision=None,
        **tokenizer_fields(tokenizer),
    )
    found, known = replace(found, **tokenizer_fields(tokenizer)), read_trained_on(path)
    return Export(kind, model, save, tokenizer, encoder, found, remarks, trained_on=known)


def _why_not_plain(model: RewardModel) -> str:
    """Why no classifier of a decoder holds a reward model, and what its folder is good for as it is."""
    if isinstance(model.head, ClassifierHead):
        return "is a classifier of an encoder; its folder loads with AutoModelForSequenceClassification as it is"
    if not model.mask_padding and not has_classifier(model.body.config):
        return (
            f"is of a family, {model.body.config.model_type}, for which transformers has no sequence classifier; its "
            f"folder loads with AutoModel, and the head is in {HEAD_FILE} beside it"
        )
    what = "an encoder with a decoder" if is_both(model.body) else "an encoder"
    reads = f"reads its reward from the {model.pooling} of {what}" if model.mask_padding else "has a bias in its head"
    return (
        f"{reads}, which no classifier of transformers does; its folder loads with AutoModel, and the head is in "
        f"{HEAD_FILE} beside it"
    )


def _of_adapter(path: str, examples: Sequence[tuple[Prompt, str]], merge: bool) -> Export:
    known, own = read_trained_on(path), read_contract(path)
    with merged_adapter(path, None if merge else "float32") as folder:  # peft adds it to what it adapts, in float32
        merged = prepare_export(folder, examples)
    contract = replace(own or merged.contract, **tokenizer_fields(merged.tokenizer), base_model=path)
    merged = merged._replace(contract=contract, trained_on=known)
    if merge:
        remark = f"The adapter {path} was merged into the weights that it adapts."
        return merged._replace(remarks=(remark, *merged.remarks))
    contract = replace(contract, base_model=adapter_base(path))
    return merged._replace(save=partial(copy_adapter, path), contract=contract, adapter=True)


def model_dtype(model: nn.Module) -> torch.dtype:
    """Of the weights."""
    return next(model.parameters()).dtype


def _kind(path: str) -> str:
    """What a folder without a contract holds."""
    architectures = find_source(path, None, AS_SAVED, trust_remote_code=False).config().architectures or []
    if any(name.endswith("ForSequenceClassification") for name in architectures):
        return REWARD_MODEL
    if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in architectures):
        return LANGUAGE_MODEL
    raise ValueError(f"{path}: expected a reward model or a language model, got {json.dumps(architectures)} (set path)")


def _pad(tokenizer: Any, body: PreTrainedModel) -> tuple[str, ...]:
    """A padding token that is not the end token: transformers reads a reward from the last token that is no padding."""
    remarks: tuple[str, ...] = ()
    if ends_in_padding(tokenizer):
        pad_apart(tokenizer)
        if len(tokenizer) > body.get_input_embeddings().num_embeddings:
            body.resize_token_embeddings(len(tokenizer))
        remarks = (f"The padding token is {tokenizer.pad_token}: it was the end token, or there was none.",)
    body.config.pad_token_id = tokenizer.pad_token_id
    return remarks


def _positions(body: PreTrainedModel) -> int:
    return int(getattr(body.config, "max_position_embeddings", None) or 2048)
