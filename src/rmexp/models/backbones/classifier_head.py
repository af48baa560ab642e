"""The heads of transformers' classifiers that are more than a linear layer, such as those of the BERT family."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutputWithPooling

from rmexp.models.attention.encoder_decoder import is_both
from rmexp.models.attention.padded_rows import pooled_states
from rmexp.models.attention.token_states import agree, probe
from rmexp.models.pooling import POOLINGS, own_tokens


class ClassifierHead(nn.Module):
    """What a sequence classifier does with one hidden state of a sequence, its pooler included.

    Args:
        classifier: of transformers, with one label; its body is taken out, and comes back when it is saved.
    """

    def __init__(self, classifier: Any) -> None:
        super().__init__()
        body = classifier.base_model
        self.classifier = classifier
        self._put(_States(getattr(body, "pooler", None)))

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, 1) rewards of (N, E) hidden states."""
        return self.classifier(inputs_embeds=hidden[:, None]).logits  # type: ignore[no-any-return]

    def save(self, body: Any, folder: Path) -> None:
        """Write the classifier with a body, as transformers loads it: one label, raw reward."""
        states = self.classifier.base_model
        self.classifier.config.num_labels = 1
        self.classifier.config.problem_type = "regression"  # other programs would pass one label through a sigmoid
        body.pooler = states.pooler
        self._put(body)
        try:
            self.classifier.save_pretrained(folder)
        finally:
            self._put(states)
            body.pooler = None

    def _put(self, body: nn.Module) -> None:
        setattr(self.classifier, self.classifier.base_model_prefix, body)


class _States(nn.Module):
    """Stands for a body whose last hidden states are known."""

    def __init__(self, pooler: nn.Module | None) -> None:
        super().__init__()
        self.pooler = pooler

    def forward(self, *_: Any, inputs_embeds: Tensor, **__: Any) -> BaseModelOutputWithPooling:
        pooled = None if self.pooler is None else self.pooler(inputs_embeds)
        return BaseModelOutputWithPooling(last_hidden_state=inputs_embeds, pooler_output=pooled)


@torch.no_grad()
def split_classifier(classifier: Any) -> tuple[Any, ClassifierHead, str] | None:
    """The body of a classifier, what is on it, and which hidden state that reads; None where it reads more than one.

    Args:
        classifier: of transformers, with one label, in evaluation mode; it is taken apart.
    """
    body = classifier.base_model
    if is_both(body):
        return None
    batch = probe(body)
    mask = own_tokens(batch.lengths, batch.longest).long().to(batch.device)
    expected = classifier(input_ids=batch.token_ids[batch.places().to(batch.device)], attention_mask=mask).logits
    head = ClassifierHead(classifier)
    if getattr(body, "pooler", None) is not None:
        body.pooler = None
    for pooling in POOLINGS:
        try:
            found = head(pooled_states(body, batch, pooling, mask_padding=True))
        except (TypeError, AttributeError, RuntimeError, IndexError):
            return None
        if agree(found, expected):
            return body, head, pooling
    return None
