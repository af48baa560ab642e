"""An iteration that several processes share: each samples, scores and learns from a part of its responses.

What is drawn for a prompt depends on neither process nor company. Whatever needs all responses, such as the mean of
their advantages, is computed of all by every process.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.group import attempted, rank_and_count
from rmexp.training.data.batch_order import shared_out
from rmexp.training.ppo.experience import TokenFigures
from rmexp.training.ppo.sampler import Samples


def own_prompts(count: int) -> range:
    """Places of the prompts that this process samples responses to; there may be none."""
    rank, ranks = rank_and_count()
    return range(rank * count // ranks, (rank + 1) * count // ranks)


def of_all(work: Callable[[], tuple[Samples, TokenFigures]], device: torch.device) -> tuple[Samples, TokenFigures]:
    """The scored samples of all processes with their figures, in the order of their prompts.

    Args:
        work: of this process.
        device: where the figures go.

    Raises:
        ValueError: what one of the processes was told of its samples.
    """
    if rank_and_count()[1] == 1:
        return work()

    def sent() -> tuple[Samples, list[Tensor]]:
        samples, figures = work()
        return samples, [field.cpu() for field in figures]

    shares = [share for share in attempted(sent) if share[0].texts]
    width = max(figures[0].shape[1] for _, figures in shares)
    fields = zip(*(figures for _, figures in shares), strict=True)
    found = (torch.cat([pad(part, (0, width - part.shape[1])) for part in parts]).to(device) for parts in fields)
    return joined([samples for samples, _ in shares]), TokenFigures(*found)


def joined(shares: Sequence[Samples]) -> Samples:
    """Samples one after the other."""
    columns: list[Any] = [
        None if parts[0] is None else list(chain.from_iterable(parts)) for parts in zip(*shares, strict=True)
    ]
    return Samples(*columns)


def own_part(part: NDArray[np.int64], responses: Sequence[ResponseTokens]) -> NDArray[np.int64]:
    """What this process computes of a minibatch, so that each has a like number of tokens; there may be nothing.

    Args:
        part: places of the responses of a minibatch.
        responses: of the whole iteration.
    """
    rank, ranks = rank_and_count()
    if ranks == 1:
        return part
    tokens = [len(responses[place].token_ids) for place in part.tolist()]
    own: NDArray[np.int64] = part[shared_out(tokens, [None] * len(tokens), ranks)[rank]]
    return own
