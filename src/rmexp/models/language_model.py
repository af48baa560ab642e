"""A causal language model with its tokenizer, and where it comes from."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from rmexp.batches import ResponseBatch
from rmexp.losses.sequence_logprobs import sequence_logprobs


class LanguageModel(NamedTuple):
    """What a model group builds."""

    causal_lm: PreTrainedModel  # with a language-model head
    tokenizer: Any  # a fast transformers tokenizer
    base_model: str  # what the weights come from: "tiny", a hub id, a folder
    revision: str | None  # commit of a hub repository
    fingerprint: str | None = None  # of the folder it was read from; None for weights that are in no folder

    @property
    def body(self) -> PreTrainedModel:
        """The model without its language-model head."""
        return self.causal_lm.base_model

    @property
    def pooling(self) -> str:
        """Hidden state that a reward is read from: the only one that has seen the whole sequence."""
        return "last_token"

    @property
    def mask_padding(self) -> bool:
        """Whether the body must be told what is padding: causal attention never looks to the right."""
        return False


def response_logprobs(causal_lm: PreTrainedModel, batch: ResponseBatch) -> Tensor:
    """(N,) log-probability of each response, summed over its tokens; see `sequence_logprobs`.

    Logits are made only from the last token of the shortest prompt on. No attention mask is needed: padding is on the
    right, where causal attention never looks back from.
    """
    start = max(int(batch.prompt_lengths.min()) - 1, 0)
    kept = batch.token_ids.shape[1] - start
    logits = causal_lm(input_ids=batch.token_ids, use_cache=False, logits_to_keep=kept).logits
    return sequence_logprobs(logits, batch.token_ids[:, start:], batch.lengths - start, batch.prompt_lengths - start)


def prompt_and_response_logprobs(causal_lm: PreTrainedModel, batch: ResponseBatch) -> Tensor:
    """(N, 2) log-probabilities summed over the prompt's tokens after the first, and over the response's."""
    logits = causal_lm(input_ids=batch.token_ids, use_cache=False).logits
    whole = sequence_logprobs(logits, batch.token_ids, batch.lengths, torch.zeros_like(batch.lengths))
    response = sequence_logprobs(logits, batch.token_ids, batch.lengths, batch.prompt_lengths)
    return torch.stack([whole - response, response], dim=1)


def check_positions(model: PreTrainedModel, max_tokens: int) -> None:
    """Refuse sequences that are longer than the model has positions for.

    Raises:
        ValueError: naming both numbers.
    """
    positions = getattr(model.config, "max_position_embeddings", None)
    for name, module in model.named_modules():
        # The RoBERTa family counts positions from behind that of its padding.
        if positions and name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            positions -= module.padding_idx + 1
    if positions is not None and max_tokens > positions:
        raise ValueError(f"the model has {positions} positions, but data.max_tokens is {max_tokens}; lower it")


def disable_dropout(model: nn.Module) -> None:
    """Set every dropout to zero: policy and reference, or two epochs, should differ by training alone."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    for name in ("attention_dropout", "attn_pdrop", "hidden_dropout", "dropout"):
        for module in model.modules():
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
