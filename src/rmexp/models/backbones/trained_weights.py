"""Which weights of a backbone learn: all of them, small adapters beside them, or none but a new head."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from rmexp.models.backbones.four_bit import dequantise

TRAINED = ("all", "adapters", "head")


def choose_trained(body: Any, trained: str, adapters: Mapping[str, Any]) -> None:
    """Freeze what is not to learn, and put adapters in where they are asked for.

    Args:
        body: transformer; changed in place.
        trained: `all` weights, `adapters` (LoRA, Hu et al. 2021) beside frozen ones, or the reward `head` alone.
        adapters: `rank` of the update of a matrix, `alpha` whose ratio to the rank scales it, and `modules`: names of
            the layers that get one, or `all-linear`.

    Raises:
        ValueError: no such choice, an adapter that cannot be made, or peft is not installed.
    """
    if trained not in TRAINED:
        raise ValueError(f"model.trained must be one of {', '.join(TRAINED)}, got {trained}")
    if trained == "head":
        body.requires_grad_(False)
    if trained == "adapters":
        _add_adapters(body, adapters)


def _add_adapters(body: Any, adapters: Mapping[str, Any]) -> None:
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise ValueError("model.trained=adapters needs the package peft (pip install 'rmexp[lora]')") from error
    try:
        settings = LoraConfig(r=adapters["rank"], lora_alpha=adapters["alpha"], target_modules=adapters["modules"])
        inject_adapter_in_model(settings, body)
    except ValueError as error:
        raise ValueError(f"{str(error).partition('. ')[0]} (set model.adapters)") from error


def merged(model: Any) -> Any:
    """The model itself, or a copy whose adapters are added to the weights beside them: what a folder holds."""
    if not any(adapted(model)):
        return model
    model = copy.deepcopy(model)
    merge(model)
    return model


def merge(model: Any) -> None:
    """Add adapters to the weights beside them, in place, where nothing is learnt any more; a copy takes as much memory.

    Weights in 4 bits are made whole first: rounded again, they would lose what was learnt.
    """
    if not any(adapted(model)):
        return
    dequantise(model)
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if _is_adapted(child):
                child.merge()
                setattr(parent, name, child.get_base_layer())
    for part in model.modules():
        vars(part).pop("peft_config", None)
    model.requires_grad_(True)


def adapted(model: nn.Module) -> Iterator[Any]:
    """The layers of a model that have adapters beside them."""
    return (module for module in model.modules() if _is_adapted(module))


def _is_adapted(module: nn.Module) -> bool:
    return hasattr(module, "get_base_layer") and hasattr(module, "merge")
