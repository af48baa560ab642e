"""Keys and values of the tokens so far, written into room that was taken once: no token asks for memory of its own."""

from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


def key_values(config: Any, tokens: int) -> DynamicCache:
    """An empty cache for a model.

    Args:
        config: of the model; layers that keep something else than all keys and values have transformers' own.
        tokens: that are sampled at most, behind any prompt.
    """
    cache = DynamicCache(config=config)
    cache.layers = [RoomyLayer(tokens) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


class RoomyLayer(DynamicLayer):  # type: ignore[misc]  # transformers has no types
    """A layer whose keys and values are the first ones of larger tensors.

    Args:
        tokens: that come one by one behind those that come first.
    """

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.tokens = tokens
        self.room: tuple[Tensor, Tensor] | None = None  # (R, heads, tokens, width) each

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **options: Any) -> tuple[Tensor, Tensor]:
        """Add the keys and values of tokens; all that there are."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        before = self.get_seq_length()
        if not before:  # those of prompts, which rows of their own are made of next
            self.keys, self.values = key_states, value_states
            return self.keys, self.values
        after = before + key_states.shape[-2]
        if self.room is None or self.room[0].shape[-2] < after:
            self.room = self._with_room(self.keys, after), self._with_room(self.values, after)
        for room, states in zip(self.room, (key_states, value_states), strict=True):
            room[..., before:after, :] = states
        self.keys, self.values = (room[..., :after, :] for room in self.room)
        return self.keys, self.values

    def _with_room(self, states: Tensor, after: int) -> Tensor:
        rows, heads, count, width = states.shape
        room = states.new_empty(rows, heads, max(after, count + self.tokens), width)
        room[..., :count, :] = states
        return room

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Make more rows of each."""
        super().batch_repeat_interleave(repeats)
        self.room = None

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep some rows."""
        super().batch_select_indices(indices)
        self.room = None
