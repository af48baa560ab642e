"""Lightning's strategy for FSDP2, whose checkpoints are whole or absent and read by any number of processes."""

import shutil
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.strategies import ModelParallelStrategy
from torch import distributed
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from rmexp.training.callbacks.checkpoints import SHARDS, DurableCheckpointIO, check_sum, shards_of
from rmexp.training.callbacks.frozen import FROZEN, FrozenWeights, learnt, with_frozen


class FullySharded(ModelParallelStrategy):
    """Every device has a part of all parameters, gradients and optimizer states.

    A checkpoint is a small file beside a folder of shards, one file a process, that it names with their check sums. The
    file is written last. Shards that no checkpoint names any more are removed.

    Attributes:
        frozen: weights that checkpoints leave out; None for none.
    """

    def __init__(self) -> None:
        super().__init__(tensor_parallel_size=1)
        self.frozen: FrozenWeights | None = None

    def setup_environment(self) -> None:
        """Count the devices of all machines as one group."""
        self._data_parallel_size = self.num_nodes * self.num_processes
        super().setup_environment()

    def save_checkpoint(self, checkpoint: dict[str, Any], filepath: Any, storage_options: Any | None = None) -> None:
        """Write shards, then the file that names them."""
        path = Path(self.broadcast(str(filepath)))
        folder = path.with_name(f"{path.stem}-{checkpoint['global_step']}.{SHARDS}")
        if self.is_global_zero:
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
        self.barrier()
        checkpoint = {**checkpoint} if self.frozen is None else {**self.frozen.left_out(checkpoint)}
        state = {"state_dict": checkpoint.pop("state_dict")}
        for number, optimizer in enumerate(checkpoint.pop("optimizer_states", [])):
            state[f"optimizer_{number}"] = optimizer
        save(state, checkpoint_id=folder)
        sums: list[Any] = [None] * self.world_size
        distributed.all_gather_object(sums, _check_sums(folder, self.global_rank))
        if self.is_global_zero:
            files = {name: value for own in sums for name, value in own.items()}
            DurableCheckpointIO().save_checkpoint({**checkpoint, SHARDS: {"folder": folder.name, "files": files}}, path)
            _remove_others(path.parent)
        self.barrier()

    def load_checkpoint(self, checkpoint_path: Any, weights_only: bool | None = None) -> dict[str, Any]:
        """Read what `save_checkpoint` wrote, whatever the number of processes was."""
        path = Path(self.broadcast(str(checkpoint_path)))
        rest: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        assert self.model is not None
        folder = path.with_name(rest[SHARDS]["folder"])
        weights = get_model_state_dict(self.model)
        if self.frozen is not None:
            self.frozen.check(rest, path)
            weights = learnt(self.frozen.module, weights) if FROZEN in rest else weights
        state: dict[str, Any] = {"state_dict": weights}
        for number, optimizer in enumerate(self.optimizers):
            state[f"optimizer_{number}"] = get_optimizer_state_dict(self.model, optimizer)
        load(state, checkpoint_id=folder)
        set_model_state_dict(self.model, state["state_dict"], options=StateDictOptions(strict=False))
        for number, optimizer in enumerate(self.optimizers):
            set_optimizer_state_dict(self.model, optimizer, state[f"optimizer_{number}"])
        return rest

    def remove_checkpoint(self, filepath: Any) -> None:
        """Remove a checkpoint and its shards."""
        if self.is_global_zero:
            Path(filepath).unlink(missing_ok=True)
            _remove_others(Path(filepath).parent)


def load_weights(module: torch.nn.Module, path: Path) -> dict[str, Any]:
    """Read the weights of a checkpoint of either kind into a module that is whole, in one process.

    Args:
        module: of the run that wrote it: it has what the checkpoint leaves out.
        path: of the checkpoint.

    Returns:
        What else is in the checkpoint.
    """
    checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    found = checkpoint.pop("state_dict", None)
    if found is None:
        whole = module.state_dict()
        found = learnt(module, whole) if FROZEN in checkpoint else whole
        load({"state_dict": found}, checkpoint_id=path.with_name(checkpoint[SHARDS]["folder"]), no_dist=True)
    module.load_state_dict(with_frozen(module, found))
    return checkpoint


def _check_sums(folder: Path, rank: int) -> dict[str, int]:
    """Of the files of a process; the first one has the index, too."""
    files = [*folder.glob(f"__{rank}_*"), *([folder / ".metadata"] if rank == 0 else [])]
    return {path.name: check_sum(path) for path in files}


def _remove_others(folder: Path) -> None:
    """Remove shards that no checkpoint of a folder names."""
    named = {shards_of(path) for path in folder.glob("*.ckpt")}
    for found in folder.glob(f"*.{SHARDS}"):
        if found not in named:
            shutil.rmtree(found, ignore_errors=True)
