"""Where a model is computed, and on how many devices."""

import os

import torch
from torch import Tensor, nn

from rmexp.hardware.processes import launched

ALL = ("auto", "-1", "-1.0")
FEW = 4  # processes that are started on however few processors, as to try what a cluster is to do


def accelerator_type(wanted: str) -> str:
    """Where a trainer runs: `cpu`, or the type of the accelerator, such as `cuda`.

    Args:
        wanted: Lightning's `accelerator`: cpu, auto, or another name for the one that there is.
    """
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return "cpu" if wanted == "cpu" or device is None else device.type


def moved(values: Tensor, device: torch.device | str) -> Tensor:
    """The same values on a device; the host does not wait until those that it sends there have come."""
    if values.device.type == "cpu" and torch.device(device).type == "cuda":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)


def device_count(accelerator: str, devices: int | str | list[int]) -> int:
    """How many devices of this machine a trainer asks for; on the processor they are processes.

    Args:
        accelerator: Lightning's name.
        devices: a number, the numbers of some, or `auto` (-1) for all; of a processor that is one.

    Raises:
        ValueError: there are not so many, or no such accelerator; or so many processes that each would wait for a
            processor, and hold a model while it does.
    """
    there = torch.accelerator.device_count() if torch.accelerator.is_available() else 0
    if accelerator not in ("auto", "cpu") and not there:
        raise ValueError(
            f"trainer.accelerator={accelerator}, but torch finds no accelerator here (set trainer.accelerator=cpu, or "
            "install a build of torch for the one that there is)"
        )
    on_processor = accelerator == "cpu" or not there
    if str(devices) in ALL:
        return 1 if on_processor else there
    numbers = devices if isinstance(devices, list) else [part for part in str(devices).split(",") if part.strip()]
    some = isinstance(devices, list) or len(numbers) > 1 or str(devices).endswith(",")
    count = len(numbers) if some else int(str(devices))
    highest = max(map(int, numbers)) + 1 if some else count
    if count < 1:
        raise ValueError(f"trainer.devices must be at least 1, got {devices}")
    processors = os.cpu_count() or 1
    most = max(FEW, processors)
    if on_processor and count > most:
        raise ValueError(
            f"trainer.devices={devices} starts so many processes on processors, but this machine has {processors} "
            f"(set trainer.devices to at most {most})"
        )
    if not on_processor and highest > there:
        own = there == 1 and launched()
        change = "a launcher shows each process its own alone: leave out --gpus-per-task, say" if own else ""
        raise ValueError(
            f"trainer.devices={devices}, but this machine has {there} ({change or f'set trainer.devices={there}'})"
        )
    return count


def to_device(model: nn.Module) -> str:
    """Move a model to the accelerator that there is, or leave it on the processor; the type of where it is then."""
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if device is None:
        return "cpu"
    model.to(device)
    return device.type
