"""Log-probabilities of responses, summed over their own tokens only."""

import torch
from torch import Tensor


def sequence_logprobs(logits: Tensor, token_ids: Tensor, lengths: Tensor, prompt_lengths: Tensor) -> Tensor:
    """Log-probability of each sequence's tokens after its prompt, given all tokens before them.

    Args:
        logits: (N, L, V) next-token logits; those at position t predict the token at t + 1.
        token_ids: (N, L) sequences, padded on the right.
        lengths: (N,) tokens of each sequence.
        prompt_lengths: (N,) tokens of each sequence that come before what is summed; with 0 the sum starts at the
            second token, since nothing predicts the first.

    Returns:
        (N,) sums in nats, float32, at most 0; accumulated in float64, as sums of hundreds of terms lose digits.

    >>> sequence_logprobs(torch.zeros(1, 3, 4), torch.tensor([[1, 2, 3]]), torch.tensor([3]), torch.tensor([1]))
    tensor([-2.7726])
    """
    logps = torch.log_softmax(logits[:, :-1].float(), dim=-1)
    logps = logps.gather(-1, token_ids[:, 1:, None]).squeeze(-1)
    position = torch.arange(1, token_ids.shape[1], device=token_ids.device)
    counts = (position >= prompt_lengths[:, None]) & (position < lengths[:, None])
    return torch.where(counts, logps, 0).sum(dim=1, dtype=torch.float64).float()
