"""Reward models to go on from: the body, and the head that reads rewards from it."""

import logging
from typing import Any, NamedTuple

from safetensors import safe_open
from torch import nn
from transformers import AutoModel, AutoModelForSequenceClassification, PreTrainedModel

from rmexp.models.backbones.classifier_head import split_classifier
from rmexp.models.backbones.found_head import FoundHead, linear_head, told_no_reward
from rmexp.models.backbones.pretrained import Source, load_whole, refuse_missing
from rmexp.models.backbones.sentence_tokens import drop_pooler, reads_otherwise, with_sentence_tokens
from rmexp.models.backbones.text_body import text_body

log = logging.getLogger(__name__)

HEAD_FILE = "reward_head.safetensors"
CAUSAL = "causal"  # whether a head in a file of its own is on a decoder: in the file's metadata


class RewardParts(NamedTuple):
    """A reward model as its folder has it.

    Attributes:
        body: transformer without a head.
        head: None where it gives something else than one reward.
        pooling: hidden state that the head reads; None where only the contract says it.
        mask_padding: whether every token sees the whole row, as in an encoder.
    """

    body: PreTrainedModel
    head: FoundHead | None
    pooling: str | None
    mask_padding: bool


class RewardStart(NamedTuple):
    """What a model group builds where a reward model is: nothing that predicts tokens."""

    body: PreTrainedModel
    head: FoundHead | None  # None: that of a classifier of something else
    tokenizer: Any  # a fast transformers tokenizer
    base_model: str  # a hub id or a folder
    revision: str | None  # commit of a hub repository
    pooling: str = "last_token"  # hidden state that the reward is read from
    mask_padding: bool = False  # whether every token sees the whole row
    fingerprint: str | None = None  # of the folder it was read from, as for a language model
    layout: str = "auto"  # of rows; see `TokenStates`
    save_dtype: str = "float32"  # that its weights are saved in: of the files that they came from

    @classmethod
    def of(cls, parts: RewardParts, tokenizer: Any, source: Source, pooling: str = "last_token") -> "RewardStart":
        """Parts with all that belongs to them; `pooling` for those that do not say it."""
        if parts.mask_padding:
            own = tokenizer.chat_template is not None
            tokenizer = with_sentence_tokens(tokenizer)
            if not own and reads_otherwise(tokenizer, parts.body):
                log.info(
                    "%s was made for pairs of texts as its tokenizer writes them; here it reads [CLS] prompt [SEP] "
                    "response [SEP] without token types, so that its rewards are not those of scorer=hub",
                    source.path,
                )
        return cls(
            *(parts.body, parts.head, tokenizer, source.path, source.commit),
            parts.pooling or pooling,
            parts.mask_padding,
            save_dtype=source.save_dtype,
        )


def reward_parts(source: Source) -> RewardParts | None:
    """The reward model of a source; None where there is another kind of model.

    Raises:
        ValueError: it has no head, or one that reads more of a sequence than one hidden state.
    """
    if (source.folder / HEAD_FILE).is_file():
        return _with_own_head(source)
    config = source.config()
    if any(name.endswith("ForSequenceClassification") for name in config.architectures or []):
        return _of_classifier(source)
    return None


def _with_own_head(source: Source) -> RewardParts:
    """A body with a head in a file of its own, as `RewardModel.save` leaves what transformers has no class for."""
    with safe_open(source.folder / HEAD_FILE, "pt") as content:
        causal = (content.metadata() or {}).get(CAUSAL) == "true"
        tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118  it is no dict
    try:
        body, missing = source.model(AutoModel, **({} if causal else {"add_pooling_layer": False}))
    except ValueError as error:
        if not isinstance(error.__cause__, TypeError):
            raise
        # a family that has no pooling layer to leave out
        body, missing = source.model(AutoModel)
    refuse_missing(source.path, [name for name in missing if not name.startswith("pooler.")], "reward model")
    drop_pooler(body)
    weight = tensors["weight"]
    if weight.shape != (1, body.config.hidden_size):
        raise ValueError(
            f"{source.path}: expected a head of shape (1, {body.config.hidden_size}) in {HEAD_FILE}, "
            f"got {tuple(weight.shape)}"
        )
    head = FoundHead(linear_head(weight, tensors.get("bias"), source.dtype), HEAD_FILE)
    return RewardParts(body, head, "last_token" if causal else None, not causal)


def _of_classifier(source: Source) -> RewardParts:
    classifier = load_whole(source, AutoModelForSequenceClassification, "reward model")
    body, labels = text_body(classifier), int(classifier.config.num_labels)
    score = getattr(classifier, "score", None)
    decoder = isinstance(score, nn.Linear)  # what is on the classifiers of encoders is called otherwise
    if labels != 1:
        told_no_reward(source.path, "score" if decoder else "classifier", labels)
        return RewardParts(body, None, None, not decoder)
    if isinstance(score, nn.Linear):
        return RewardParts(body, FoundHead(score, "score"), "last_token", mask_padding=False)
    found = split_classifier(classifier)
    if found is None:
        raise ValueError(
            f"{source.path}: {type(classifier).__name__} reads its reward otherwise than from one hidden state of a "
            "sequence, which rmexp cannot go on with (scorer=hub scores with it)"
        )
    body, head, pooling = found
    return RewardParts(body, FoundHead(head, "classifier"), pooling, mask_padding=True)
