"""Shapes of models and batches as the plan of a run needs them: no weights are read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

import torch
from transformers import AutoModel

from rmexp.encoding.batches import ResponseBatch
from rmexp.models.attention.attention_plan import Heads, attention_plan
from rmexp.models.backbones.hub import class_of
from rmexp.models.backbones.text_body import text_body
from rmexp.training.plan.needs import BatchShape, ModelShape

MOST_BATCHES = 50  # that a plan looks at


def model_shape(config: Any, *, likelihood: bool) -> ModelShape:
    """The shape of a body with its head, told by its configuration.

    Args:
        config: of the body.
        likelihood: whether the head is that of a language model, whose weights may be its embedding; else it gives one
            number.

    Raises:
        ValueError: its layers have no attention heads, or differ in width.
    """
    text = config.get_text_config()
    heads = _size(text, "num_attention_heads")
    head_width, mlp = _size(text, "head_dim", text.hidden_size // heads), _size(text, "intermediate_size", 0)
    with torch.device("meta"):
        whole = class_of(config).from_config(config) if likelihood else None
        body = AutoModel.from_config(text) if whole is None else text_body(whole)
    inner = _count(body.parameters())
    head = int(text.hidden_size) if whole is None else _count(_above(whole))
    embedded = sum(table.weight.numel() for table in body.modules() if isinstance(table, torch.nn.Embedding))
    return ModelShape(
        hidden=int(text.hidden_size),
        layers=int(text.num_hidden_layers),
        heads=heads,
        key_heads=_size(text, "num_key_value_heads", heads),
        head_width=head_width,
        mlp=mlp or 4 * int(text.hidden_size),
        parameters=inner + head,
        embedded=embedded + head,
    )


def _size(text: Any, name: str, otherwise: int | None = None) -> int:
    """A size that all layers share; another where the configuration has none.

    Raises:
        ValueError: layers have several, or there is neither.
    """
    try:
        size = getattr(text, name, None)
    except RuntimeError as error:  # of transformers, where layers differ
        raise ValueError(_no_plan(text, f"{name} differs between its layers")) from error
    size = otherwise if size is None else size
    if not isinstance(size, int):
        raise ValueError(_no_plan(text, f"it has no {name}" if size is None else f"{name} differs between its layers"))
    return size


def _no_plan(text: Any, why: str) -> str:
    return f"plan=true is for models of like layers with attention, but {text.model_type}: {why} (leave it out)"


def _above(whole: Any) -> list[torch.nn.Parameter]:
    """What a language model has beside its body, with all that this reads beside text."""
    body = whole.model if whole.base_model is whole else whole.base_model
    below = set(body.parameters())
    return [parameter for parameter in whole.parameters() if parameter not in below]


def _count(parameters: Iterable[torch.nn.Parameter]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def adapters_of(config: Any, adapters: Mapping[str, Any]) -> tuple[int, int]:
    """Parameters of adapters in a body with a configuration, and of all its linear layers, which 4 bits may hold.

    Args:
        config: of the body.
        adapters: rank and modules; see `choose_trained`.
    """
    with torch.device("meta"):
        body = AutoModel.from_config(config.get_text_config())
    layers = {name: part for name, part in body.named_modules() if isinstance(part, torch.nn.Linear)}
    modules, rank = adapters["modules"], int(adapters["rank"])
    if modules == "all-linear":
        chosen = [*layers.values()]
    elif isinstance(modules, str):
        chosen = [part for name, part in layers.items() if re.fullmatch(modules, name)]
    else:
        chosen = [part for name, part in layers.items() if name.rpartition(".")[2] in modules or name in modules]
    rounded = sum(part.weight.numel() for part in layers.values())
    return sum(rank * (part.in_features + part.out_features) for part in chosen), rounded


def batch_shape(batches: Iterable[tuple[int, ResponseBatch]], *, likelihood: bool) -> BatchShape:
    """The mean of batches, of (pairs, responses).

    Args:
        batches: of which the first `MOST_BATCHES` are looked at.
        likelihood: whether every token of a response is read, not its last alone.
    """
    found: list[Sequence[float]] = []
    for pairs, batch in batches:
        tokens = len(batch.token_ids)
        groups = attention_plan(batch, Heads(1, 1), tokens).groups
        scores = sum(group.mask.numel() for group in groups)
        keys = sum(len(group.keys) for group in groups)
        read = int(batch.response_tokens.sum()) if likelihood else batch.size
        found.append((pairs, tokens, min(read, tokens), scores, keys))
        if len(found) == MOST_BATCHES:
            break
    return BatchShape(*(fmean(column) for column in zip(*found, strict=True)))
