"""LoRA adapters as PEFT leaves them: written, copied, and merged with what they adapt, head included."""

import copy
import gc
import importlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from rmexp.left_files import read_json
from rmexp.models.backbones import own_template
from rmexp.models.backbones.location import ADAPTER_CONFIG, is_adapter
from rmexp.models.backbones.pretrained import AS_SAVED, find_source, in_short, without_bars, without_remarks
from rmexp.models.folders.contract import read_contract
from rmexp.models.folders.conversation_template import save_tokenizer
from rmexp.models.folders.saved_type import cast_files

WEIGHTS = "adapter_model.safetensors"


def adapter_base(path: str) -> str:
    """Folder or hub id of the model that an adapter adapts."""
    return _findable(str(_settings(path).get("base_model_name_or_path")))


def _findable(base: str) -> str:
    """A local folder by its whole path, a hub id as it is."""
    return str(Path(base).resolve()) if Path(base).is_dir() else base


def _settings(path: str) -> dict[str, Any]:
    return read_json(Path(path) / ADAPTER_CONFIG)


@contextmanager
def whole_model(path: str) -> Iterator[str]:
    """A model's folder or hub id itself, or for an adapter a folder with the merged model, gone afterwards.

    Its weights are of the type that the adapter's contract says, or of float32, in which they are merged.
    """
    if not is_adapter(path):
        yield path
        return
    contract = read_contract(path)
    with merged_adapter(path, "float32" if contract is None else contract.dtype) as folder:
        yield folder


@contextmanager
def merged_adapter(path: str, dtype: str | None = None) -> Iterator[str]:
    """A folder with the merged model, gone again behind the block.

    Args:
        path: of an adapter on a causal language model or on a sequence classifier.
        dtype: of the merged weights; None for that of its contract, or where it has none, of the base's files.

    Raises:
        ValueError: peft is not installed, the adapter is of another kind, lacks its head, or cannot be loaded.
    """
    try:
        peft = importlib.import_module("peft")
    except ImportError as error:
        raise ValueError(f"{path} is an adapter: merging it needs peft (pip install 'rmexp[lora]')") from error
    from safetensors import safe_open
    from transformers import AutoTokenizer

    task, base = _settings(path).get("task_type"), adapter_base(path)
    classes = {"SEQ_CLS": peft.AutoPeftModelForSequenceClassification, "CAUSAL_LM": peft.AutoPeftModelForCausalLM}
    if task not in classes:
        raise ValueError(f"{path}: expected an adapter for SEQ_CLS or CAUSAL_LM, got {task} (set path)")
    options: dict[str, Any] = {"dtype": torch.float32}
    try:
        with safe_open(Path(path) / WEIGHTS, "pt") as weights:
            heads = [name for name in weights.keys() if ".score." in name]  # noqa: SIM118  it is no dict
            if task == "SEQ_CLS" and not heads:
                raise ValueError(f"{path} has no weights of the head `score`: it was not among modules_to_save")
            if task == "SEQ_CLS":
                options["num_labels"] = weights.get_slice(heads[0]).get_shape()[0]
        with without_bars(), without_remarks():
            model = classes[task].from_pretrained(path, **options).merge_and_unload()
        holder = path if (Path(path) / "tokenizer_config.json").is_file() else base
        tokenizer = AutoTokenizer.from_pretrained(holder)
    except Exception as error:  # whatever the libraries raise over what is in the files
        reason = in_short(error)
        raise ValueError(f"the adapter {path} on {base} cannot be loaded: {reason}") from error
    with tempfile.TemporaryDirectory() as folder:
        with without_bars():
            model.save_pretrained(folder)
        del model  # or whoever reads the folder would hold the weights a second time
        gc.collect()  # it refers to itself
        if (kind := dtype or _save_dtype(path, base)) != "float32":
            cast_files(Path(folder), kind)
        tokenizer.save_pretrained(folder)
        if (own := Path(holder) / own_template.FILE).is_file():
            shutil.copy(own, folder)
        yield folder


def _save_dtype(path: str, base: str) -> str:
    contract = read_contract(path)
    if contract is not None:
        return contract.dtype
    return find_source(base, None, AS_SAVED, trust_remote_code=False).save_dtype


def copy_adapter(path: str, folder: Path) -> None:
    """Write an adapter into another folder, where it still finds a base that lies in a local one."""
    settings = _settings(path) | {"base_model_name_or_path": adapter_base(path)}
    (folder / ADAPTER_CONFIG).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    shutil.copyfile(Path(path) / WEIGHTS, folder / WEIGHTS)


def save_adapter(folder: Path, model: Any, base: str, revision: str | None, tokenizer: Any) -> None:
    """Write what the adapters of a model have learnt, and its reward head, for peft to load on the same base.

    Args:
        folder: where they go; one that is there is written over.
        model: a language model or a `RewardModel` of a decoder, with adapters of `choose_trained` in its body.
        base: folder or hub id of the model that they were put into.
        revision: commit of the hub repository, where it is one.
        tokenizer: of the model, with the chat template that it was trained with.
    """
    from safetensors.torch import save_file

    reward = hasattr(model, "head")
    body = model.body if reward else model.base_model
    learnt = {name: values for name, values in body.state_dict().items() if ".lora_" in name}
    weights = {f"{body.base_model_prefix}.{name.replace('.default.', '.')}": values for name, values in learnt.items()}
    weights |= {"score.weight": model.head.weight} if reward else {}
    settings = copy.deepcopy(body.peft_config["default"])
    settings.target_modules = {name.split(".lora_")[0].rpartition(".")[2] for name in learnt}
    settings.modules_to_save = ["score"] if reward else None
    settings.task_type = "SEQ_CLS" if reward else "CAUSAL_LM"
    settings.base_model_name_or_path = _findable(base)
    settings.revision, settings.inference_mode = revision, True
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"base_model.model.{name}": values.detach().contiguous() for name, values in weights.items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    settings.save_pretrained(str(folder))
    save_tokenizer(folder, tokenizer)
