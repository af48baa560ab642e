"""A policy and its value model, token by token: how likely each token of a response was, and what it could expect.

Shape legend: `N` responses, `R` tokens of a response at most, `K` response tokens in a batch, `E` width.
"""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from rmexp.encoding.batches import ResponseBatch
from rmexp.hardware.device import moved
from rmexp.models.attention.token_states import TokenStates
from rmexp.models.likelihood import Likelihood


class ActorCritic(nn.Module):
    """A policy with a value head, on its own hidden states or on those of another body.

    Args:
        policy: with a language-model head.
        critic: body that the values are read from; None for the policy's own.
        layout: of the rows that both are computed in; see `TokenStates`.
    """

    def __init__(self, policy: PreTrainedModel, critic: PreTrainedModel | None, layout: str) -> None:
        super().__init__()
        self.policy, self.critic = policy, critic
        self.likelihood = Likelihood(policy, layout)
        body: Any = policy.base_model if critic is None else critic
        self.states = self.likelihood.states if critic is None else TokenStates(critic, layout)
        self.head = nn.Linear(int(body.config.hidden_size), 1, dtype=body.dtype)
        nn.init.zeros_(self.head.weight)  # nothing is expected yet; the bias likewise
        nn.init.zeros_(self.head.bias)

    def forward(self, batch: ResponseBatch, width: int) -> Tensor:
        """(N, width, 2) log-probability of each response token, and value before it; 0 behind the end, float32."""
        rows, token_ids, places = response_tokens(batch)
        hidden = self.states(batch, rows)
        logps = self.likelihood.logprobs(batch, rows, token_ids, hidden if self.critic is None else None)
        with torch.autocast(hidden.device.type, enabled=False):  # as for a reward, half precision would round it
            values = self.head(hidden.to(self.head.weight.dtype)).squeeze(-1).float()
        return _by_token(torch.stack([logps, values], dim=1), places, batch.size, width)


def response_logprobs(likelihood: Likelihood, batch: ResponseBatch, width: int) -> Tensor:
    """(N, width) log-probability of each response token under a language model; 0 behind the end, float32."""
    rows, token_ids, places = response_tokens(batch)
    return _by_token(likelihood.logprobs(batch, rows, token_ids), places, batch.size, width)


def response_tokens(batch: ResponseBatch) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """Every response token that something predicts.

    Returns:
        (K,) where in the row the token before it stands, on the host, (K,) its id, and two (K,): which response it is
        of, and its number in it.
    """
    places = batch.places()
    position = torch.arange(places.shape[1])
    first = batch.prompt_lengths.clamp(min=1)
    inside = (position >= first[:, None]) & (position < batch.lengths[:, None])
    responses, positions = inside.nonzero(as_tuple=True)
    own, numbers = places[responses, positions], positions - first[responses]
    own, responses_of, numbers = (moved(index, batch.device) for index in (own, responses, numbers))
    return places[responses, positions - 1], batch.token_ids[own], (responses_of, numbers)


def _by_token(figures: Tensor, places: tuple[Tensor, Tensor], responses: int, width: int) -> Tensor:
    """(N, width, ...) of (K, ...)."""
    by_token = figures.new_zeros(responses, width, *figures.shape[1:])
    return by_token.index_put(places, figures)
