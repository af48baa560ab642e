"""Torch's flash attention over stretches of a row, which its public functions give without a usable log-sum-exp."""

import torch
from torch import Tensor

from rmexp.models.attention.merged_attention import Sequences

WIDEST = 256  # head width
TYPES = (torch.bfloat16, torch.float16)


class FlashKernel:
    """The operators below `torch.nn.attention.varlen`, which have outlasted its signatures."""

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, along: Sequences, scaling: float
    ) -> tuple[Tensor, Tensor]:
        """See `Kernel`."""
        most_queries = max(along.most_queries, 2)  # of stretches of one query each torch regroups the heads
        stretches = (along.queries, along.keys, most_queries, along.most_keys)
        output, lse, *_ = torch.ops.aten._flash_attention_forward(
            query.contiguous(), key, value, *stretches, 0.0, along.causal, False, scale=scaling
        )
        return output, lse

    def backward(
        self,
        gradient: Tensor,
        qkv: tuple[Tensor, Tensor, Tensor],
        output: Tensor,
        lse: Tensor,
        along: Sequences,
        scaling: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `Kernel`."""
        stretches = (along.queries, along.keys, along.most_queries, along.most_keys)
        nothing_drawn = torch.empty(2, dtype=torch.uint64, device=gradient.device)  # of a dropout of 0
        query, key, value = (part.contiguous() for part in qkv)
        found: tuple[Tensor, Tensor, Tensor] = torch.ops.aten._flash_attention_backward(
            gradient.contiguous(),
            query,
            key,
            value,
            output.contiguous(),
            lse,
            *stretches,
            0.0,
            along.causal,
            nothing_drawn,
            nothing_drawn,
            scale=scaling,
        )
        return found
