import copy

import torch
from transformers import DynamicCache

from rmexp.models.key_values import RoomyLayer, key_values


def continued(causal_lm, cache, steps=6):
    """Logits of prompts of which one is padded, two rows of each, of which one leaves in the middle."""
    token_ids, visible = torch.tensor([[0, 5, 6, 7], [8, 9, 10, 11]]), torch.tensor([[0, 1, 1, 1], [1, 1, 1, 1]])
    found, places = [], []
    with torch.inference_mode():
        found.append(causal_lm(token_ids, attention_mask=visible, past_key_values=cache, use_cache=True).logits[:, -1])
        cache.batch_repeat_interleave(2)
        visible = visible.repeat_interleave(2, dim=0)
        for step in range(steps):
            if step == 3:
                cache.batch_select_indices(torch.tensor([0, 2, 3]))
                visible = visible[[0, 2, 3]]
            visible = torch.cat([visible, visible.new_ones(len(visible), 1)], dim=1)
            chosen = torch.arange(12, 12 + len(visible))[:, None] + step
            logits = causal_lm(chosen, attention_mask=visible, past_key_values=cache, use_cache=True).logits
            found.append(logits[:, -1])
            places.append(cache.layers[0].keys.data_ptr())
    return found, places


def test_logits_are_those_of_a_cache_that_grows_and_no_token_takes_room(tiny_model):
    causal_lm = copy.deepcopy(tiny_model.causal_lm).eval()
    grown, _ = continued(causal_lm, DynamicCache(config=causal_lm.config))
    found, places = continued(causal_lm, key_values(causal_lm.config, 6))
    assert all(torch.equal(own, other) for own, other in zip(found, grown, strict=True))
    assert len({*places[:3]}) == len({*places[3:]}) == 1  # until rows leave, and from then on


def test_more_tokens_than_were_told_find_room_too():
    layer = RoomyLayer(1)
    parts = torch.randn(5, 1, 2, 1, 4)
    for part in parts:
        keys, values = layer.update(part, -part)
    assert torch.equal(keys, torch.cat([*parts], dim=-2))
    assert torch.equal(values, -keys)
