"""A frozen body gives every response the same hidden state in each epoch: computed once, the head learns from them."""

from collections.abc import Mapping, Sequence
from itertools import chain

import torch
from torch import Tensor

from rmexp.encoding.batches import FeatureBatch
from rmexp.encoding.pack import batches_of_tokens, distinct_responses, pairing, response_batch
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.hardware.group import shared_out
from rmexp.models.reward_model import RewardModel
from rmexp.scoring.responses import MOST_TOKENS

Features = Mapping[ResponseTokens, Tensor]  # (E,) of each response


@torch.no_grad()
def cached_features(model: RewardModel, pairs: Sequence[PairTokens]) -> Features:
    """The hidden states that the head reads of all responses of the pairs; processes of a run compute them together."""
    device = next(model.parameters()).device
    batches = batches_of_tokens(distinct_responses(pairs), MOST_TOKENS, packed=model.packed)
    found = shared_out(batches, lambda rows: model.features(response_batch(rows).to(device)).cpu())
    return dict(zip(chain.from_iterable(batches), chain.from_iterable(found), strict=True))


def stacked(responses: Sequence[ResponseTokens], features: Features) -> Tensor:
    """(N, E) what the head reads of responses."""
    return torch.stack([features[response] for response in responses])


def feature_batch(pairs: Sequence[PairTokens], features: Features) -> FeatureBatch:
    """What the head reads of pairs; a response that several of them have is there once."""
    responses = distinct_responses(pairs)
    return FeatureBatch(stacked(responses, features), pairing(pairs, responses))
