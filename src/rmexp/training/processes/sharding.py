"""Parameters, gradients and optimizer states shared out among devices by torch's `fully_shard` (FSDP2).

Every decoder layer is gathered when it is computed and let go afterwards. Parts that are computed by other methods than
`forward` have to be told to torch: its hooks do not fire where parts of a layer are called by hand.
"""

import copy
from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from transformers.modeling_layers import GradientCheckpointingLayer

from rmexp.models.attention.decoder_layers import PACKED, offer_packed

M = TypeVar("M", bound=nn.Module)
KEPT = ("other_reference", "online_reference")  # of a module: models beside the one that is trained


def shard(model: nn.Module, body: nn.Module, mesh: DeviceMesh) -> None:
    """Share a model out, layer by layer, in place.

    Args:
        model: whose `forward`, or another method told by `gathering`, computes everything.
        body: its transformer.
        mesh: of the devices.
    """
    packed = offer_packed(body)
    for layer in [part for part in body.modules() if isinstance(part, GradientCheckpointingLayer)]:
        fully_shard(layer, mesh=mesh)
        if layer in packed:
            register_fsdp_forward_method(layer, PACKED)
    fully_shard(model, mesh=mesh)


def gathering(model: nn.Module, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a sharded model's weights, with those that belong to no layer gathered while it runs."""
    name = function.__name__
    setattr(model, name, function)
    register_fsdp_forward_method(model, name)
    found: Callable[..., Any] = getattr(model, name)
    return found


def without_memory(module: M) -> M:
    """A copy of a module whose parameters take no memory, to be filled by `fill` when training is over."""
    known: dict[int, Any] = {
        id(parameter): nn.Parameter(parameter.to("meta"), parameter.requires_grad) for parameter in module.parameters()
    }
    known |= {id(kept): kept for name in KEPT if (kept := getattr(module, name, None)) is not None}
    return copy.deepcopy(module, known)


def fill(module: nn.Module, state: dict[str, Any]) -> None:
    """Give a module without memory what `whole_state` found; parameters that were one stay one."""
    found = {id(empty): nn.Parameter(state[name], empty.requires_grad) for name, empty in module.named_parameters()}
    names = {name for name, _ in module.named_parameters()}
    for part in module.modules():
        for key, empty in part._parameters.items():
            if empty is not None:
                part._parameters[key] = found[id(empty)]
    module.load_state_dict({name: value for name, value in state.items() if name not in names}, strict=False)


def whole_state(module: nn.Module) -> dict[str, Any]:
    """Parameters and buffers of a sharded module, whole, on the host; all processes must ask, the first is answered."""
    return get_model_state_dict(module, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
