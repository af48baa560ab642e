"""What a policy, its values and its reference say of responses, token by token.

Shape legend: `N` responses, `R` tokens of the longest one; figures behind the end of a response are 0.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.device import moved
from rmexp.models.actor_critic import ActorCritic, response_logprobs
from rmexp.models.attention.row_parts import in_parts
from rmexp.models.likelihood import Likelihood
from rmexp.training.ppo.experience import TokenFigures


def token_values(
    model: ActorCritic, responses: Sequence[ResponseTokens], width: int, device: torch.device, tokens: int | None
) -> tuple[Tensor, Tensor]:
    """Log-probabilities and values.

    Args:
        model: that is asked.
        responses: N of them.
        width: R.
        device: of the model.
        tokens: that it takes at once; None takes all.

    Returns:
        (N, R) in nats, and (N, R) the return that is expected before each token.
    """
    batch = response_batch(responses).to(device)
    logps, values = in_parts(partial(model, width=width), batch, tokens).unbind(-1)
    return logps, values


@torch.no_grad()
def token_figures(
    model: ActorCritic,
    reference: Likelihood,
    responses: Sequence[ResponseTokens],
    device: torch.device,
    tokens: int | None,
) -> TokenFigures:
    """Of a model as it is now, and of what it is held near; arguments as for `token_values`."""
    if not responses:
        return TokenFigures(torch.zeros(0, 0, dtype=torch.bool), *torch.zeros(3, 0, 0))
    width = max(response.response_tokens for response in responses)
    batch = response_batch(responses).to(device)
    logps, values = in_parts(partial(model, width=width), batch, tokens).unbind(-1)
    reference_logps = in_parts(partial(response_logprobs, reference, width=width), batch, tokens)
    mask = moved(torch.arange(width) < batch.response_tokens[:, None], device)
    return TokenFigures(mask, logps, reference_logps, values)
