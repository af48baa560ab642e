"""The explicit reward model: a transformer body and one linear layer on one hidden state of each sequence."""

import copy
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from rmexp.encoding.batches import ResponseBatch
from rmexp.models.attention.encoder_decoder import freeze_idle
from rmexp.models.attention.padded_rows import pooled_states
from rmexp.models.attention.token_states import TokenStates
from rmexp.models.backbones.classifier_head import ClassifierHead
from rmexp.models.backbones.reward_start import CAUSAL, HEAD_FILE
from rmexp.models.backbones.text_body import has_classifier
from rmexp.models.backbones.trained_weights import merged
from rmexp.models.pooling import check_pooling


class RewardModel(nn.Module):
    """A scalar reward for a prompt with a response.

    Args:
        body: transformer without language-model head; its `last_hidden_state` is read.
        head: gives (N, 1) rewards of (N, hidden) states; when omitted a linear layer without bias, drawn from
            N(0, 1 / (hidden + 1)) (Stiennon et al. 2020, appendix B).
        pooling: which hidden state is read; see `pooled`.
        mask_padding: whether every token sees the whole response, as in an encoder, so that padding has to be masked.
        layout: of the rows that a causal body is computed in; see `TokenStates`.

    >>> from rmexp.models.backbones.tiny import tiny
    >>> size = {"hidden_size": 8, "layers": 1, "heads": 1, "vocabulary": 262, "max_positions": 512}
    >>> RewardModel(tiny(["2 + 2?"], 0, **size).body).head
    Linear(in_features=8, out_features=1, bias=False)
    """

    def __init__(
        self,
        body: PreTrainedModel,
        head: nn.Module | None = None,
        *,
        pooling: str = "last_token",
        mask_padding: bool = False,
        layout: str = "auto",
    ) -> None:
        super().__init__()
        check_pooling(pooling)
        self.body, self.pooling, self.mask_padding = body, pooling, mask_padding
        freeze_idle(body, pooling)
        if head is None:
            hidden = int(body.config.hidden_size)
            head = nn.Linear(hidden, 1, bias=False, dtype=body.dtype)
            nn.init.normal_(head.weight, std=(hidden + 1) ** -0.5)
        self.head = head
        self.states = None if mask_padding or pooling != "last_token" else TokenStates(body, layout)

    @property
    def packed(self) -> bool:
        """Whether rows are packed, so that responses which begin alike belong together."""
        return self.states is not None and self.states.packed

    def forward(self, batch: ResponseBatch) -> Tensor:
        """(N,) rewards, float32."""
        return self.reward(self.features(batch))

    def features(self, batch: ResponseBatch) -> Tensor:
        """(N, E) the hidden state of each response that the head reads."""
        if self.states is not None:
            return self.states(batch, batch.last_tokens)
        return pooled_states(self.body, batch, self.pooling, mask_padding=self.mask_padding)

    def reward(self, hidden: Tensor) -> Tensor:
        """(N,) rewards, float32, of what `features` gives."""
        # The one product with the head costs nothing, and half precision would round the reward itself.
        with torch.autocast(hidden.device.type, enabled=False):
            if isinstance(self.head, nn.Linear):
                bias = None if self.head.bias is None else self.head.bias.float()
                return F.linear(hidden.float(), self.head.weight.float(), bias).squeeze(-1)
            kind = next(self.head.parameters()).dtype
            return self.head(hidden.to(kind)).squeeze(-1).float()  # type: ignore[no-any-return]

    @property
    def plain_classifier(self) -> bool:
        """Whether transformers has it for decoders of the family: one linear layer without bias on the last token."""
        linear = isinstance(self.head, nn.Linear) and self.head.bias is None
        return linear and not self.mask_padding and has_classifier(self.body.config)

    def save(self, folder: Path) -> None:
        """Write the weights.

        A decoder whose last token is read becomes a folder that `AutoModelForSequenceClassification` loads: one label,
        `score.weight`, raw reward. So does what was such a classifier before. Any other body, and a decoder of a family
        without such a class, is written as `AutoModel` loads it, with the head's weight, (1, hidden), and its bias if
        there is one, in a file of its own: transformers has no one class for it.
        """
        body = merged(self.body)
        if isinstance(self.head, ClassifierHead):
            self.head.save(body, folder)
            return
        if not self.plain_classifier:
            body.save_pretrained(folder)
            tensors = {name: values.detach().contiguous() for name, values in self.head.named_parameters()}
            save_file(tensors, folder / HEAD_FILE, None if self.mask_padding else {CAUSAL: "true"})
            return
        classifier = _empty_classifier(body.config)
        setattr(classifier, classifier.base_model_prefix, body)
        classifier.score = self.head
        classifier.save_pretrained(folder)


def _empty_classifier(body_config: Any) -> Any:
    """A sequence classifier of the body's family without memory for weights."""
    config = copy.deepcopy(body_config)
    config.num_labels = 1
    config.problem_type = "regression"  # other programs would pass one label through a sigmoid
    with torch.device("meta"):
        return AutoModelForSequenceClassification.from_config(config)
