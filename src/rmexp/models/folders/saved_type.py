"""The number format that weights are saved in: files of it, and a model whose weights are what the files will hold."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from rmexp.durable import write_json
from rmexp.left_files import read_json
from rmexp.models.backbones.trained_weights import adapted

_INDEX = "model.safetensors.index.json"
_TYPE_KEYS = ("dtype", "torch_dtype")


@torch.no_grad()
def round_weights(model: nn.Module, dtype: str) -> bool:
    """Give every weight the value that a file in another type will have for it; adapters become a part of theirs.

    Args:
        model: changed in place; its weights keep their type.
        dtype: of the files: float32, bfloat16 or float16.

    Returns:
        Whether its weights are of another type than the files, so that there was something to round.

    >>> layer = nn.Linear(1, 1)
    >>> _ = nn.init.constant_(layer.weight, 1.001)
    >>> round_weights(layer, "bfloat16"), float(layer.weight)
    (True, 1.0)
    >>> round_weights(layer, "float32")
    False
    """
    kind = getattr(torch, dtype)
    if all(values.dtype == kind for values in _numbers(model)):
        return False
    for layer in adapted(model):
        layer.merge()
    for values in _numbers(model):
        values.copy_(values.to(kind))
    for layer in adapted(model):
        for name, values in layer.named_parameters():
            if "lora_B" in name or "lora_embedding_B" in name:
                values.zero_()  # what it has learnt is in the weights beside it now
        layer.unmerge()
    return True


def cast_files(folder: Path, dtype: str) -> None:
    """Write the weights in a folder anew in another type, where they are not of it, and say so in its configuration.

    Args:
        folder: with safetensors files and config.json, as transformers writes them.
        dtype: see `round_weights`.
    """
    kind, size = getattr(torch, dtype), 0
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as content:
            about = content.metadata()
            tensors = {name: _cast(content.get_tensor(name), kind) for name in content.keys()}  # noqa: SIM118
        save_file(tensors, path, about)
        size += sum(values.nbytes for values in tensors.values())
    config = folder / "config.json"
    config.write_text(json.dumps(_with_type(read_json(config), dtype), indent=2) + "\n", encoding="utf-8")
    if (folder / _INDEX).is_file():
        index = read_json(folder / _INDEX)
        write_json(folder / _INDEX, index | {"metadata": index.get("metadata", {}) | {"total_size": size}})


def _numbers(model: nn.Module) -> Iterator[Tensor]:
    """The weights of a model that are no whole numbers."""
    return (values for values in model.state_dict().values() if values.is_floating_point())


def _cast(values: Tensor, kind: torch.dtype) -> Tensor:
    return values.to(kind) if values.is_floating_point() else values


def _with_type(config: Any, dtype: str) -> Any:
    """A configuration that says the type, as do those in it."""
    if not isinstance(config, dict):
        return config
    return {
        key: dtype if key in _TYPE_KEYS and value is not None else _with_type(value, dtype)
        for key, value in config.items()
    }
