"""Weights that do not learn: a checkpoint leaves them out, and a run that goes on from it has them from its base."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import nn

FROZEN = "frozen"  # what a checkpoint calls the fingerprint of what it leaves out


def learnt(module: nn.Module, state: dict[str, Any]) -> dict[str, Any]:
    """A state without the frozen weights of a module."""
    frozen = _frozen(module)
    return {name: value for name, value in state.items() if name not in frozen}


class FrozenWeights:
    """The frozen parameters of a module, as they were read.

    Args:
        module: whole, on any device.

    Attributes:
        module: the same, which may have been shared out since.
        fingerprint: SHA-256 over them, those in 4 bits among them; None where there are none.
    """

    def __init__(self, module: nn.Module) -> None:
        frozen = _frozen(module)
        self.module, self.fingerprint = module, _fingerprint(frozen) if frozen else None

    def left_out(self, checkpoint: dict[str, Any]) -> dict[str, Any]:
        """A checkpoint without them, with their fingerprint."""
        if self.fingerprint is None:
            return checkpoint
        return {**checkpoint, "state_dict": learnt(self.module, checkpoint["state_dict"]), FROZEN: self.fingerprint}

    def check(self, checkpoint: dict[str, Any], path: Path) -> None:
        """Refuse a checkpoint that was saved beside others; one of an earlier version has them in it.

        Raises:
            ValueError: naming it.
        """
        there = checkpoint.get(FROZEN, self.fingerprint)
        if there != self.fingerprint:
            raise ValueError(
                f"{path} was saved beside other frozen weights ({str(there)[:12]}) than the model that it starts from "
                f"has now ({str(self.fingerprint)[:12]}): give the former model, or another run_dir"
            )


def with_frozen(module: nn.Module, state: dict[str, Any]) -> dict[str, Any]:
    """The state of a checkpoint, with what it leaves out as a module has it."""
    frozen = _frozen(module)
    return {**{name: value for name, value in module.state_dict().items() if name in frozen}, **state}


def _frozen(module: nn.Module) -> dict[str, nn.Parameter]:
    named = module.named_parameters(remove_duplicate=False)
    return {name: parameter for name, parameter in named if not parameter.requires_grad}


def _fingerprint(parameters: dict[str, nn.Parameter]) -> str:
    digest = hashlib.sha256()
    for name, parameter in sorted(parameters.items()):
        digest.update(f"{name} {parameter.dtype} {tuple(parameter.shape)}".encode())
        digest.update(parameter.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
