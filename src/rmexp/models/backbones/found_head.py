"""The head of a reward model, by whatever name its folder has for it."""

import logging
import re
from collections.abc import Iterator
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


def _weights(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Tensors of a folder's files that are called like those of a head."""
    files = sorted(folder.glob("*.safetensors"))
    for file in files:
        with safe_open(file, "pt") as content:
            for name in content.keys():  # noqa: SIM118  it is no dict
                if _KEY.search(name):
                    yield name, content.get_tensor(name)
    for file in () if files else sorted(folder.glob("pytorch_model*.bin")):
        content = torch.load(file, map_location="cpu", weights_only=True)
        yield from ((name, values) for name, values in content.items() if _KEY.search(name))
