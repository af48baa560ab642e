"""Checkpoints that are whole or absent, and the newest one that can be read."""

import pickle
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from rmexp.durable import whole_file
from rmexp.phases import Phase, phase

LAST, BEST, GOOD = "last.ckpt", "best.ckpt", "good.ckpt"


class DurableCheckpointIO(TorchCheckpointIO):
    """Writes beside the target, syncs, then renames: a killed process leaves the old checkpoint or the new one.

    Lightning's own stages in the temporary folder, which may be another file system.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write a checkpoint.

        Raises:
            OSError: the disk is full, say; torch would tell of positions in its archive.
        """
        with phase(Phase.SAVING, Path(path).name), whole_file(Path(path)) as file:
            try:
                torch.save(checkpoint, file)
            except RuntimeError as error:
                if isinstance(error.__context__, OSError):
                    raise error.__context__ from None
                raise


def newest_valid(folder: Path) -> tuple[Path | None, list[Path]]:
    """The newest checkpoint that can be read, and the damaged ones that are newer.

    A checkpoint is a zip archive whose parts carry check sums, which torch.load does not look at.
    """
    damaged: list[Path] = []
    for path in _newest_first(folder):
        if is_intact(path):
            return path, damaged
        damaged.append(path)
    return None, damaged


def step_of(path: Path | None) -> int:
    """Optimizer steps that a checkpoint stands for; 0 without one."""
    return 0 if path is None else int(torch.load(path, map_location="meta", weights_only=True)["global_step"])


def batches_of(path: Path | None) -> int:
    """Training batches that a checkpoint stands for; 0 without one."""
    if path is None:
        return 0
    loops = torch.load(path, map_location="meta", weights_only=True)["loops"]
    return int(loops["fit_loop"]["epoch_loop.batch_progress"]["current"]["completed"])


def callback_state(path: Path, name: str) -> dict[str, Any]:
    """What a callback has left in a checkpoint."""
    states: dict[str, dict[str, Any]] = torch.load(path, map_location="cpu", weights_only=True)["callbacks"]
    return states[name]


def _newest_first(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.ckpt"), key=lambda path: path.stat().st_mtime_ns, reverse=True)


def is_intact(path: Path) -> bool:
    """Whether a checkpoint can be read and none of its parts is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return False
        step_of(path)
    except (zipfile.BadZipFile, zlib.error, struct.error, pickle.UnpicklingError, LookupError):
        return False
    except (OSError, EOFError, ValueError, RuntimeError):  # damage to the directory of the archive has many faces
        return False
    return True
