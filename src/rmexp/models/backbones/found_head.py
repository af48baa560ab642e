"""The head of a reward model, by whatever name its folder has for it."""

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from torch import Tensor, nn
from transformers import PreTrainedModel

from rmexp.models.backbones.pretrained import AS_SAVED, Source

log = logging.getLogger(__name__)

# What others call the layer that reads a reward: transformers and TRL, TRL's value heads and DeepSpeed-Chat, OpenRLHF,
# UltraRM and Eurus, Safe-RLHF, and the classifiers of encoders.
NAMES = ("score", "v_head", "value_head", "reward_head", "regression_head", "score_head", "rm_head", "classifier")
_KEY = re.compile(rf"(?:^|\.)({'|'.join(NAMES)})((?:\.\w+)*)\.(weight|bias)$")


class FoundHead(NamedTuple):
    """A head that was there.

    Attributes:
        layer: gives (N, 1) rewards of (N, hidden) states.
        name: that its folder has for it.
    """

    layer: nn.Module
    name: str


def found_head(source: Source, body: PreTrainedModel) -> FoundHead | None:
    """The head in a folder that transformers has not loaded, for it knows it by no name; None where there is none.

    Args:
        source: of the model; its files are there.
        body: that was loaded from it.

    Raises:
        ValueError: there is one that is more than a linear layer.
    """
    known = {name.removeprefix(f"{body.base_model_prefix}.") for name in body.state_dict()}
    found = {name: values for name, values in _weights(source.folder) if name not in known}
    matrices = {name: values for name, values in found.items() if name.endswith(".weight")}
    if not matrices:
        return None
    (weight_name, weight), *others = matrices.items()
    name = weight_name.removesuffix(".weight")
    if others:
        raise ValueError(
            f"{source.path}: expected a head of one linear layer, got one of {', '.join(matrices)} (set the key that "
            "names it, such as model.init_from, to the language model below it)"
        )
    if weight.shape != (1, int(body.config.hidden_size)):
        told_no_reward(source.path, name, weight.shape[0])
        return None
    return FoundHead(linear_head(weight, found.get(f"{name}.bias"), source.dtype), name)


def named_head(source: Source, body: PreTrainedModel, names: Mapping[str, str]) -> FoundHead:
    """The head whose tensors go by names that are given.

    Args:
        source: of the model; its files are there.
        body: that was loaded from it.
        names: `weight`, and `bias` where there is one, with the name of the tensor in the model's files.

    Raises:
        ValueError: there is no such tensor, or one of another shape.
    """
    if "weight" not in names or not {*names} <= {"weight", "bias"}:
        raise ValueError(f"scorer.head must have the keys weight and, if need be, bias, got {', '.join(names)}")
    known, hidden = dict(_weights(source.folder, re.compile(""))), int(body.config.hidden_size)
    if missing := [name for name in names.values() if name not in known]:
        sized = [name for name, values in known.items() if sorted(values.shape) in ([hidden], [1, hidden])]
        raise ValueError(
            f"{source.path}: expected a tensor {missing[0]} in its files, got none; those of a head's size are "
            f"{', '.join(sized[-5:]) or 'none'} (set scorer.head)"
        )
    weight = known[names["weight"]]
    if sorted(weight.shape) not in ([hidden], [1, hidden]):
        raise ValueError(
            f"{source.path}: expected a head of shape (1, {hidden}), but {names['weight']} has {tuple(weight.shape)} "
            "(set scorer.head)"
        )
    bias = known[names["bias"]].reshape(1) if "bias" in names else None
    return FoundHead(linear_head(weight.reshape(1, hidden), bias, source.dtype), names["weight"])


def linear_head(weight: Tensor, bias: Tensor | None, dtype: str) -> nn.Linear:
    """A head of (1, hidden) weights, in the type that the model is read in."""
    kind = weight.dtype if dtype == AS_SAVED else getattr(torch, dtype)
    head = nn.Linear(weight.shape[1], 1, bias=bias is not None, dtype=kind)
    with torch.no_grad():
        head.weight.copy_(weight)
        if bias is not None:
            head.bias.copy_(bias)
    return head


def told_no_reward(path: str, name: str, outputs: int) -> None:
    """Say that a head is left out, for it gives no reward."""
    log.info("%s: its head `%s` has %d outputs, so it gives no reward and is left out", path, name, outputs)


def _weights(folder: Path, wanted: re.Pattern[str] = _KEY) -> Iterator[tuple[str, Tensor]]:
    """Tensors of a folder's files that are called as wanted: like those of a head."""
    files = sorted(folder.glob("*.safetensors"))
    for file in files:
        with safe_open(file, "pt") as content:
            for name in content.keys():  # noqa: SIM118  it is no dict
                if wanted.search(name):
                    yield name, content.get_tensor(name)
    for file in () if files else sorted(folder.glob("pytorch_model*.bin")):
        content = torch.load(file, map_location="cpu", weights_only=True)
        yield from ((name, values) for name, values in content.items() if wanted.search(name))
