"""Pretrained text encoders, such as those of the BERT family, as the body of a reward model."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from transformers import AutoModel, PreTrainedModel

from rmexp.models.backbones.hub import load_pretrained
from rmexp.models.pooling import check_pooling

# [CLS] prompt [SEP], to which the response and its [SEP] are added; without a prompt there is no [SEP] before it.
TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if messages | length > 1 %}{{ message.role }}: {% endif %}{{ message.content }}"
    "{% if not loop.last %}{{ '\\n' }}{% endif %}"
    "{% endfor %}"
    "{% if messages | length > 1 or messages[0].content %}{{ sep_token }}{% endif %}"
)


class TextEncoder(NamedTuple):
    """What the model group `encoder` builds: a body for a reward model, and nothing that predicts tokens."""

    body: PreTrainedModel
    tokenizer: Any  # a fast transformers tokenizer
    base_model: str  # a hub id or a folder
    revision: str | None  # commit of a hub repository
    pooling: str  # hidden state that a reward is read from
    fingerprint: str | None = None  # of the folder it was read from, as for a language model
    layout: str = "auto"  # of rows; an encoder's are padded
    mask_padding: bool = True  # every token sees the whole row


def encoder(
    texts: Iterable[str],
    seed: int,
    *,
    path: str,
    pooling: str,
    revision: str | None,
    dtype: str,
    trust_remote_code: bool,
) -> TextEncoder:
    """Load the body of a model and its tokenizer.

    Args:
        texts: not used; a tokenizer comes with the model.
        seed: not used; the weights come with the model.
        path: local folder, or hub id with `@` and a revision if need be, that `AutoModel` loads.
        pooling: `mean` over the tokens, `first_token` ([CLS]) or `last_token`.
        revision: commit, tag or branch of a hub repository; the commit it stands for is recorded.
        dtype: of the weights: float32, bfloat16 or float16.
        trust_remote_code: whether code from the repository may run.

    Raises:
        ValueError: no such pooling, no model there, or one that also needs a decoder.
    """
    check_pooling(pooling)
    body, tokenizer, path, commit = load_pretrained(
        AutoModel, path, revision, dtype, trust_remote_code, not_needed=("pooler.",)
    )
    if body.config.is_encoder_decoder:
        raise ValueError(f"expected an encoder or a decoder, but {path} is both at once (set model.path)")
    drop_pooler(body)
    return TextEncoder(body, with_sentence_tokens(tokenizer), path, commit, pooling)


def with_sentence_tokens(tokenizer: Any) -> Any:
    """A tokenizer with `cls` and `sep` told to begin and end sequences with them, where it has no template of its own.

    Its folder then says all that encoding needs: a reward model's inputs are [CLS] prompt [SEP] response [SEP].
    """
    if tokenizer.cls_token is None or tokenizer.sep_token is None or tokenizer.chat_template:
        return tokenizer
    tokenizer.bos_token = tokenizer.bos_token or tokenizer.cls_token
    tokenizer.eos_token = tokenizer.eos_token or tokenizer.sep_token
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def drop_pooler(body: PreTrainedModel) -> None:
    """Leave out the layer that some families put on their first token: the reward is read below it."""
    if getattr(body, "pooler", None) is not None:
        body.pooler = None
