"""A frozen body gives every response the same hidden state in each epoch: computed once, the head learns from them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from rmexp.encoding.batches import FeatureBatch
from rmexp.encoding.pack import batches_of_tokens, distinct_responses, pairing, response_batch
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.models.reward_model import RewardModel
from rmexp.scoring.responses import MOST_TOKENS

Features = Mapping[ResponseTokens, Tensor]  # (E,) of each response


@torch.no_grad()
def cached_features(model: RewardModel, pairs: Sequence[PairTokens]) -> Features:
    """The hidden states that the head reads of all responses of the pairs."""
    device = next(model.parameters()).device
    features: dict[ResponseTokens, Tensor] = {}
    for rows in batches_of_tokens(distinct_responses(pairs), MOST_TOKENS, packed=model.packed):
        batch = response_batch(rows).to(device)
        features.update(zip(rows, model.features(batch).cpu(), strict=True))
    return features


def stacked(responses: Sequence[ResponseTokens], features: Features) -> Tensor:
    """(N, E) what the head reads of responses."""
    return torch.stack([features[response] for response in responses])


def feature_batch(pairs: Sequence[PairTokens], features: Features) -> FeatureBatch:
    """What the head reads of pairs; a response that several of them have is there once."""
    responses = distinct_responses(pairs)
    return FeatureBatch(stacked(responses, features), pairing(pairs, responses))
