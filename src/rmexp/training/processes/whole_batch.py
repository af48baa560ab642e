"""A batch that several processes share: the loss that each learns from, and the figures of all of it.

Gradients are averaged over the processes. The loss of each is therefore its sum times the number of processes, over the
number of losses of all: what comes out is the gradient of the mean over the whole batch, whatever each one's share is.
"""

from collections.abc import Sequence
from typing import NamedTuple

import lightning as L
import torch
from torch import Tensor

from rmexp.training.data.loader import TrainingLoader


class WholeBatch(NamedTuple):
    """What all processes have found in one batch.

    Attributes:
        loss: of this process, to be learnt from.
        losses: (n,) of all where one process has the batch; else their mean, (1,).
        weight: how many losses each of `losses` stands for.
        columns: figures of every example, those of the first process first.
    """

    loss: Tensor
    losses: Tensor
    weight: Tensor | float
    columns: tuple[Tensor, ...]


def whole_batch(module: L.LightningModule, index: int, losses: Tensor, columns: Sequence[Tensor] = ()) -> WholeBatch:
    """Put together what the processes have found in their shares of a batch; nothing waits for the device.

    Args:
        module: in training.
        index: of the batch in the run.
        losses: (n,) of this process's share.
        columns: figures of its B examples, (B,) each.
    """
    trainer = module.trainer
    if trainer.world_size == 1:
        return WholeBatch(losses.mean(), losses, 1.0, tuple(columns))
    loader = trainer.train_dataloader
    assert isinstance(loader, TrainingLoader)
    sizes = [len(share) for share in loader.shares(index)]
    own = bool(sizes[trainer.global_rank])  # else what it has computed only keeps step with the others
    longest, rows = max(sizes), len(columns)
    message = torch.zeros(2 + rows * longest, device=losses.device)
    if own:
        message[0], message[1] = losses.detach().float().sum(), len(losses)
        for row, column in enumerate(columns):
            message[2 + row * longest : 2 + row * longest + len(column)] = column.detach().float()
    messages = [torch.empty_like(message) for _ in sizes]
    torch.distributed.all_gather(messages, message)
    found = torch.stack(messages)
    total = found[:, 1].sum()
    each = found[:, 2:].view(len(sizes), rows, longest)
    shares = [*zip(each, sizes, strict=True)]
    gathered = tuple(torch.cat([part[row, :size] for part, size in shares]) for row in range(rows))
    loss = losses.sum() * (len(sizes) / total if own else 0.0)
    return WholeBatch(loss, (found[:, 0].sum() / total)[None], total, gathered)
