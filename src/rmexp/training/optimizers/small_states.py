"""AdamW whose states take less memory of the device; each needs a package of its own."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from torch import Tensor
from torch.optim import Optimizer

Params = Iterable[Tensor] | Iterable[Mapping[str, Any]]


def adamw_8bit(
    params: Params,
    lr: Annotated[float, "at least 0"],
    betas: tuple[Annotated[float, "in [0, 1)"], Annotated[float, "in [0, 1)"]],
    eps: Annotated[float, "at least 0"],
    weight_decay: Annotated[float, "at least 0"],
) -> Optimizer:
    """AdamW with states of 8 bits, by torchao.

    Args:
        params: that are trained.
        lr: learning rate.
        betas: decay of the running means of gradients and of their squares.
        eps: keeps the division by small gradients finite.
        weight_decay: share of each weight that a step takes away, times the learning rate.

    Raises:
        ValueError: torchao is not installed.
    """
    try:
        from torchao.optim import AdamW8bit
    except ImportError as error:
        raise ValueError(
            "optimizer=adamw_8bit needs the package torchao (pip install 'rmexp[adamw_8bit]', or set optimizer=adamw)"
        ) from error
    made: Optimizer = AdamW8bit(params, lr=lr, betas=tuple(betas), eps=eps, weight_decay=weight_decay)
    return made


def adamw_paged(
    params: Params,
    lr: Annotated[float, "at least 0"],
    betas: tuple[Annotated[float, "in [0, 1)"], Annotated[float, "in [0, 1)"]],
    eps: Annotated[float, "at least 0"],
    weight_decay: Annotated[float, "at least 0"],
) -> Optimizer:
    """AdamW whose states move to the memory of the host when that of the GPU is full, by bitsandbytes.

    Args:
        params: that are trained.
        lr: learning rate.
        betas: decay of the running means of gradients and of their squares.
        eps: keeps the division by small gradients finite.
        weight_decay: share of each weight that a step takes away, times the learning rate.

    Raises:
        ValueError: bitsandbytes is not installed.
    """
    try:
        from bitsandbytes.optim import PagedAdamW
    except ImportError as error:
        raise ValueError(
            "optimizer=adamw_paged needs the package bitsandbytes (pip install 'rmexp[adamw_paged]', or set "
            "optimizer=adamw)"
        ) from error
    made: Optimizer = PagedAdamW(params, lr=lr, betas=tuple(betas), eps=eps, weight_decay=weight_decay)
    return made
