"""The explicit reward model: a transformer body and one linear layer on one hidden state of each sequence."""

import copy
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoModel, AutoModelForSequenceClassification, PreTrainedModel

from rmexp.encoding.batches import ResponseBatch
from rmexp.models.attention.padded_rows import pooled_states
from rmexp.models.attention.token_states import TokenStates
from rmexp.models.backbones.encoder import drop_pooler
from rmexp.models.backbones.hub import from_pretrained
from rmexp.models.backbones.trained_weights import merged
from rmexp.models.pooling import check_pooling

HEAD_FILE = "reward_head.safetensors"


class RewardModel(nn.Module):
    """A scalar reward for a prompt with a response.

    Args:
        body: transformer without language-model head; its `last_hidden_state` is read.
        head: (1, hidden) linear layer without bias; drawn from N(0, 1 / (hidden + 1)) when omitted
            (Stiennon et al. 2020, appendix B).
        pooling: which hidden state is read; see `pooled`.
        mask_padding: whether every token sees the whole response, as in an encoder, so that padding has to be masked.
        layout: of the rows that a causal body is computed in; see `TokenStates`.
    """

    def __init__(
        self,
        body: PreTrainedModel,
        head: nn.Linear | None = None,
        *,
        pooling: str = "last_token",
        mask_padding: bool = False,
        layout: str = "auto",
    ) -> None:
        super().__init__()
        check_pooling(pooling)
        self.body, self.pooling, self.mask_padding = body, pooling, mask_padding
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
            return self.head(hidden.to(self.head.weight.dtype)).squeeze(-1).float()  # type: ignore[no-any-return]

    def save(self, folder: Path) -> None:
        """Write the weights.

        A decoder whose last token is read becomes a folder that `AutoModelForSequenceClassification` loads: one label,
        `score.weight`, raw reward. Any other body is written as `AutoModel` loads it, with the head's weight, (1,
        hidden), in a file of its own: transformers has no one class for it.
        """
        body = merged(self.body)
        if self.mask_padding:
            body.save_pretrained(folder)
            save_file({"weight": self.head.weight.detach().contiguous()}, folder / HEAD_FILE)
            return
        classifier = _empty_classifier(body.config)
        setattr(classifier, classifier.base_model_prefix, body)
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

    @classmethod
    def load_parts(cls, folder: str, pooling: str) -> "RewardModel":
        """Read a body with a head beside it, as `save` writes them.

        Args:
            folder: local folder.
            pooling: of the model; its contract says it.

        Raises:
            ValueError: one of them cannot be loaded, or they do not fit.
        """
        options: dict[str, Any] = {"output_loading_info": True}
        try:
            body, loading = from_pretrained(AutoModel, folder, **options, add_pooling_layer=False)
        except TypeError:  # a family that has no pooling layer to leave out
            body, loading = from_pretrained(AutoModel, folder, **options)
        missing = sorted(name for name in loading["missing_keys"] if not name.startswith("pooler."))
        if missing:
            raise ValueError(f"{folder} is no reward model: it has no weights for {', '.join(missing[:3])}")
        drop_pooler(body)
        weight = load_file(Path(folder) / HEAD_FILE)["weight"]
        if weight.shape != (1, body.config.hidden_size):
            raise ValueError(
                f"{folder}: expected a head of shape (1, {body.config.hidden_size}) in {HEAD_FILE}, "
                f"got {tuple(weight.shape)}"
            )
        head = nn.Linear(weight.shape[1], 1, bias=False, dtype=weight.dtype)
        head.weight = nn.Parameter(weight)
        return cls(body, head, pooling=pooling, mask_padding=True)


def _empty_classifier(body_config: Any) -> Any:
    """A sequence classifier of the body's family without memory for weights."""
    config = copy.deepcopy(body_config)
    config.num_labels = 1
    config.problem_type = "regression"  # other programs would pass one label through a sigmoid
    with torch.device("meta"):
        return AutoModelForSequenceClassification.from_config(config)
