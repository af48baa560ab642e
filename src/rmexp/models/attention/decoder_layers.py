"""The decoder layers of the Llama family computed over a packed row, the last of them only where it is read.

Weights and modules are those of transformers; what is here replaces the order in which its code computes them. A model
is computed so only if its parts are the ones known here; `token_states` checks the result against transformers besides.
"""

from collections.abc import Callable
from functools import partial
from types import MethodType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from rmexp.encoding.batches import ResponseBatch
from rmexp.hardware.device import moved
from rmexp.models.attention.compiled import compiled, compiling, has_compiler, varying
from rmexp.models.attention.layer_parts import HeadProducts, Norm, before_attention, behind_attention
from rmexp.models.attention.lean_operations import add_rms_norm, product_dtype, rms_norm, swiglu
from rmexp.models.attention.packed_attention import AttentionPlans, packed_attention
from rmexp.models.attention.rotary import Angles, Rotary

BODY = {"embed_tokens", "layers", "norm", "rotary_emb"}
LAYER = {"self_attn", "mlp", "input_layernorm", "post_attention_layernorm"}
ATTENTION = {"q_proj", "k_proj", "v_proj", "o_proj"}
HEAD_NORMS = {"q_norm", "k_norm"}
MLP = {"gate_proj", "up_proj", "down_proj", "act_fn"}
PACKED = "packed"  # method of a layer, where it was given one
ROW_STEP = 64  # rows of half-precision products are filled up to multiples, for which a processor keeps few kernels


def has_known_layers(body: Any) -> bool:
    """Whether a body consists of the parts that `decoder_states` computes."""
    return _parts(body) == BODY and _is_norm(body.norm) and all(_is_known(layer) for layer in body.layers)


def check_compilable(body: Any, packed: bool) -> None:
    """Refuse to compile what a body's layers do not run, or without a compiler.

    Raises:
        ValueError: with what is in the way.
    """
    if not has_compiler():
        raise ValueError(
            "trainer.compiled=true needs a compiler of C++, but there is neither g++ nor clang++ "
            "(install one, or set trainer.compiled=false)"
        )
    if not is_compilable(body, packed):
        how = "in padded rows" if not packed else "with adapters or by its own layers"
        raise ValueError(
            "trainer.compiled=true compiles plain Llama, Qwen and Mistral layers in packed rows, "
            f"but {type(body).__name__} is computed {how} (set trainer.compiled=false)"
        )


def is_compilable(body: Any, packed: bool) -> bool:
    """Whether the layers of a body are those that `compiled_parts` compiles."""
    known = packed and has_known_layers(body) and not body.gradient_checkpointing
    return known and all(_is_plain(layer) for layer in body.layers)


def offer_packed(body: Any) -> list[nn.Module]:
    """Give the layers of a body what is computed of them as a method, for those who act when methods are called.

    Returns:
        The layers that have it now; none of a body that `decoder_states` does not compute.
    """
    layers = [*body.layers] if has_known_layers(body) else []
    for layer in layers:
        setattr(layer, PACKED, MethodType(_layer, layer))
    return layers


def _method(layer: Any) -> Callable[..., tuple[Tensor, Tensor]]:
    """What computes a layer: its method where it was given one."""
    found: Callable[..., tuple[Tensor, Tensor]] | None = getattr(layer, PACKED, None)
    return partial(_layer, layer) if found is None else found


def decoder_states(body: Any, batch: ResponseBatch, rows: Tensor) -> Tensor:
    """Last hidden states at some tokens of a packed row, normalised as the body's own are.

    Args:
        body: of the Llama family; see `has_known_layers`.
        batch: N responses in a row of T tokens.
        rows: (R,) tokens of the row, ascending, on the host.

    Returns:
        (R, E).
    """
    token_ids, position_ids = (_filled(ids) for ids in (batch.token_ids, batch.position_ids))
    residual = body.embed_tokens(token_ids)
    turned_by = body.rotary_emb(residual, position_ids[None])
    angles = Angles(*(part[0, :, : part.shape[-1] // 2].float().contiguous() for part in turned_by))
    *layers, last = body.layers
    compiled_here = compiling() and is_compilable(body, packed=True)
    fillers = -len(rows) % ROW_STEP if len(rows) > ROW_STEP and _in_half_on_processor(batch.device) else 0
    every, read = AttentionPlans(batch, len(token_ids)), AttentionPlans(batch, len(token_ids), rows, fillers)
    update: Tensor | None = None  # what is compiled gives the whole residual, and leaves nothing to add
    checkpointed = body.gradient_checkpointing and torch.is_grad_enabled()
    for layer in layers:
        compute = _method(layer)
        if compiled_here:
            residual = _compiled_layer(layer, residual, angles, every)
        elif checkpointed:
            residual, update = checkpoint(compute, residual, update, angles, every, use_reentrant=False)
        else:
            residual, update = compute(residual, update, angles, every)
    residual, update = _method(last)(residual, update, angles, read, moved(F.pad(rows, (0, fillers)), batch.device))
    return add_rms_norm(residual, update, body.norm.weight, body.norm.variance_epsilon)[1][: len(rows)]


def _is_plain(layer: Any) -> bool:
    """Whether all products of a layer are of weights alone, with a bias of queries, keys and values at most."""
    attention, mlp = layer.self_attn, layer.mlp
    heads = (attention.q_proj, attention.k_proj, attention.v_proj)
    others = (attention.o_proj, mlp.gate_proj, mlp.up_proj, mlp.down_proj)
    return (
        all(type(product) is nn.Linear for product in (*heads, *others))
        and all((product.bias is None) == (heads[0].bias is None) for product in heads)
        and all(product.bias is None for product in others)
        and not hasattr(layer, PACKED)
    )


def _compiled_layer(layer: Any, residual: Tensor, angles: Angles, plans: AttentionPlans) -> Tensor:
    """One plain layer in compiled parts: the residual behind it, in float32."""
    attention, mlp = layer.self_attn, layer.mlp
    heads = (attention.q_proj, attention.k_proj, attention.v_proj)
    biases = tuple(product.bias for product in heads if product.bias is not None)
    norms = tuple(_norm_of(norm) for name, norm in attention.named_children() if name in HEAD_NORMS)
    products = HeadProducts(tuple(product.weight for product in heads), biases, norms)
    norm, dtype = _norm_of(layer.input_layernorm), product_dtype(residual)
    query, key, value = compiled(before_attention)(varying(residual), norm, products, *map(varying, angles), dtype)
    plan = plans.within(_window(attention), query, key)
    attended = packed_attention(query, key, value, plan, attention.scaling)
    gate_up = (mlp.gate_proj.weight, mlp.up_proj.weight)
    weights = (_norm_of(layer.post_attention_layernorm), attention.o_proj.weight, gate_up, mlp.down_proj.weight)
    behind: Tensor = compiled(behind_attention)(varying(residual), varying(attended, 1), *weights)
    return behind


def _norm_of(module: Any) -> Norm:
    return Norm(module.weight, module.variance_epsilon)


def _layer(
    layer: Any,
    residual: Tensor,
    update: Tensor | None,
    angles: Angles,
    plans: "AttentionPlans",
    rows: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One layer: the residual after its attention, and what its MLP adds; at `rows` alone where they are given."""
    norm, attention, mlp = layer.input_layernorm, layer.self_attn, layer.mlp
    residual, hidden = add_rms_norm(residual, update, norm.weight, norm.variance_epsilon)
    key, value = _heads(attention, "k", hidden), _heads(attention, "v", hidden)
    if rows is not None:
        residual, hidden = residual[rows], hidden[rows]
    query, rotary = _heads(attention, "q", hidden), Rotary(angles.of(rows), angles)
    plan = plans.within(_window(attention), query, key)
    attended = packed_attention(query, key, value, plan, attention.scaling, rotary).transpose(0, 1).flatten(1)
    norm = layer.post_attention_layernorm
    residual, hidden = add_rms_norm(residual, attention.o_proj(attended), norm.weight, norm.variance_epsilon)
    return residual, mlp.down_proj(swiglu(mlp.gate_proj(hidden), mlp.up_proj(hidden)))


def _heads(attention: Any, name: str, hidden: Tensor) -> Tensor:
    """(H, T, D) queries, keys or values, normalised where the family does so."""
    heads: Tensor = getattr(attention, f"{name}_proj")(hidden).unflatten(-1, (-1, attention.head_dim))
    norm = getattr(attention, f"{name}_norm", None)
    if norm is not None:
        heads = rms_norm(heads.flatten(0, 1), norm.weight, norm.variance_epsilon).view_as(heads)
    return heads.transpose(0, 1)


def _window(attention: Any) -> int | None:
    """Positions that a layer looks back: its own, or those of the whole model where layers have none of their own."""
    holder = attention if hasattr(attention, "sliding_window") else attention.config
    return getattr(holder, "sliding_window", None)


def _filled(ids: Tensor) -> Tensor:
    """A row with zeros behind it, up to a multiple, where products are in half precision on a processor."""
    return F.pad(ids, (0, -len(ids) % ROW_STEP)) if _in_half_on_processor(ids.device) else ids


def _in_half_on_processor(device: torch.device) -> bool:
    return device.type == "cpu" and torch.is_autocast_enabled("cpu")


def _is_known(layer: Any) -> bool:
    attention = layer.self_attn if _parts(layer) == LAYER else None
    return (
        attention is not None
        and _is_turned_alone(attention)
        and _parts(attention) in (ATTENTION, ATTENTION | HEAD_NORMS)
        and _parts(layer.mlp) == MLP
        and "silu" in type(layer.mlp.act_fn).__name__.lower()
        and all(_is_norm(part) for name, part in layer.named_children() if name.endswith("norm"))
        and all(_is_norm(part) for name, part in attention.named_children() if name.endswith("norm"))
    )


def _is_turned_alone(attention: Any) -> bool:
    """Whether positions turn queries and keys, and do nothing else: no layer of SmolLM3 without them, no Ministral 3.

    In half precision, or at positions as few as are tried, what they do there would not be told from rounding.
    """
    parameters = getattr(attention.config, "rope_parameters", None) or {}
    return bool(getattr(attention, "use_rope", True)) and parameters.get("llama_4_scaling_beta") is None


def _is_norm(module: nn.Module) -> bool:
    return type(module).__name__.endswith("RMSNorm") and hasattr(module, "variance_epsilon")


def _parts(module: nn.Module) -> set[str]:
    return {name for name, _ in module.named_children()}
