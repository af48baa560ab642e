"""The explicit reward model: a transformer body and one linear layer that reads the last real token."""

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from rmexp.batches import ResponseBatch
from rmexp.models.hub import from_pretrained


class RewardModel(nn.Module):
    """A scalar reward for a prompt with a response.

    Args:
        body: decoder without language-model head; its `last_hidden_state` is read.
        head: (1, hidden) linear layer without bias; drawn from N(0, 1 / (hidden + 1)) when omitted
            (Stiennon et al. 2020, appendix B).
    """

    def __init__(self, body: PreTrainedModel, head: nn.Linear | None = None) -> None:
        super().__init__()
        self.body = body
        if head is None:
            hidden = int(body.config.hidden_size)
            head = nn.Linear(hidden, 1, bias=False, dtype=body.dtype)
            nn.init.normal_(head.weight, std=(hidden + 1) ** -0.5)
        self.head = head

    def forward(self, batch: ResponseBatch) -> Tensor:
        """(N,) rewards, float32, from the hidden state of each sequence's last token that is not padding.

        The last token is found from the lengths, never by comparing ids with the padding id, which may equal the end
        token. Padding is on the right, so causal attention needs no mask.
        """
        hidden = self.body(input_ids=batch.token_ids, use_cache=False).last_hidden_state
        last = hidden[torch.arange(len(batch.lengths), device=hidden.device), batch.lengths - 1]
        return self.head(last).squeeze(-1).float()  # type: ignore[no-any-return]

    def save(self, folder: Path) -> None:
        """Write a folder that `AutoModelForSequenceClassification` loads: one label, `score.weight`, raw reward."""
        classifier = _empty_classifier(self.body.config)
        setattr(classifier, classifier.base_model_prefix, self.body)
        classifier.score = self.head
        classifier.save_pretrained(folder)

    @classmethod
    def load(cls, folder: str, **options: Any) -> "RewardModel":
        """Read what `save` or transformers wrote.

        Args:
            folder: local folder or hub id of a decoder with a `score` head of one output.
            options: passed on to `from_pretrained`.

        Raises:
            ValueError: nothing there can be loaded, or the head is missing, has several outputs, or is not a single
                linear layer.
        """
        options |= {"output_loading_info": True}
        classifier, loading = from_pretrained(AutoModelForSequenceClassification, folder, **options)
        missing = sorted(loading["missing_keys"])
        if missing:
            raise ValueError(f"{folder} is no reward model: it has no weights for {', '.join(missing[:3])}")
        head = getattr(classifier, "score", None)
        if not isinstance(head, nn.Linear) or head.out_features != 1:
            outputs = getattr(head, "out_features", "no `score` layer")
            raise ValueError(f"{folder}: expected a `score` layer with 1 output, got {outputs}")
        return cls(classifier.base_model, head)


def _empty_classifier(body_config: Any) -> Any:
    """A sequence classifier of the body's family without memory for weights."""
    config = copy.deepcopy(body_config)
    config.num_labels = 1
    config.problem_type = "regression"  # other programs would pass one label through a sigmoid
    with torch.device("meta"):
        return AutoModelForSequenceClassification.from_config(config)
