"""The language-model loss of supervised fine-tuning."""

from torch import Tensor


def next_token_loss(response_logps: Tensor, response_tokens: Tensor, *, mean_tokens: float | None = None) -> Tensor:
    """Negative log-likelihood of responses, weighted so that its mean is the mean over all their tokens.

    A mean within each response first would make the tokens of short responses weigh more; so would one within each
    batch, where batches hold responses of like length.

    Args:
        response_logps: (N,) log-probabilities summed over response tokens.
        response_tokens: (N,) number of tokens in each sum.
        mean_tokens: of all responses that are learnt from, in whatever batch; that of these N when omitted.

    Returns:
        (N,) nats, each response's sum over the mean number of tokens. The caller reduces.

    >>> import torch
    >>> next_token_loss(torch.tensor([-3.0, -1.0]), torch.tensor([3, 1])).mean()
    tensor(1.)
    """
    return -response_logps / (response_tokens.float().mean() if mean_tokens is None else mean_tokens)
