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
from rmexp.training.callbacks.frozen import FrozenWeights, with_frozen

LAST, BEST, GOOD = "last.ckpt", "best.ckpt", "good.ckpt"
SHARDS = "shards"  # what a checkpoint calls the files of several processes that belong to it, and their folder's suffix
BLOCK = 2**24  # bytes read at once


class DurableCheckpointIO(TorchCheckpointIO):
    """Writes beside the target, syncs, then renames: a killed process leaves the old checkpoint or the new one.

    Lightning's own stages in the temporary folder, which may be another file system.

    Args:
        frozen: weights that are left out, and filled in again; None for none.
    """

    def __init__(self, frozen: FrozenWeights | None = None) -> None:
        super().__init__()
        self.frozen = frozen

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write a checkpoint.

        Raises:
            OSError: the disk is full, say; torch would tell of positions in its archive.
        """
        if self.frozen is not None:
            checkpoint = self.frozen.left_out(checkpoint)
        with phase(Phase.SAVING, Path(path).name), whole_file(Path(path)) as file:
            try:
                torch.save(checkpoint, file)
            except RuntimeError as error:
                if isinstance(error.__context__, OSError):
                    raise error.__context__ from None
                raise

    def load_checkpoint(self, path: Any, *args: Any, **options: Any) -> dict[str, Any]:
        """Read a checkpoint, with the frozen weights as the module has them.

        Raises:
            ValueError: it was saved beside others.
        """
        checkpoint = super().load_checkpoint(path, *args, **options)
        if self.frozen is not None:
            self.frozen.check(checkpoint, Path(path))
            checkpoint["state_dict"] = with_frozen(self.frozen.module, checkpoint["state_dict"])
        return checkpoint


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


def _newest_first(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.ckpt"), key=lambda path: path.stat().st_mtime_ns, reverse=True)


def is_intact(path: Path) -> bool:
    """Whether a checkpoint can be read and none of its parts is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return False
        return _has_shards(path)
    except (zipfile.BadZipFile, zlib.error, struct.error, pickle.UnpicklingError, LookupError):
        return False
    except (OSError, EOFError, ValueError, RuntimeError):  # damage to the directory of the archive has many faces
        return False


def shards_of(path: Path) -> Path | None:
    """The folder of the files of several processes that a checkpoint names; None where it has everything itself."""
    found = _named_shards(path)
    return None if found is None else path.with_name(found["folder"])


def check_sum(path: Path) -> int:
    """CRC-32 of a file."""
    found = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found = zlib.crc32(block, found)
    return found


def _named_shards(path: Path) -> dict[str, Any] | None:
    found: dict[str, Any] | None = torch.load(path, map_location="meta", weights_only=True).get(SHARDS)
    return found


def _has_shards(path: Path) -> bool:
    """Whether what a checkpoint names is there and not damaged."""
    found = _named_shards(path)
    if found is None:
        return True
    folder = path.with_name(found["folder"])
    return all(check_sum(folder / name) == expected for name, expected in found["files"].items())
