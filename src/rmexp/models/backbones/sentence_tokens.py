"""What the encoders of the BERT family read of a prompt with a response, and the layer of theirs that is left out."""

from typing import Any

from transformers import PreTrainedModel

from rmexp.data.loading import Limits
from rmexp.encoding.encode import Encoder

# [CLS] prompt [SEP], to which the response and its [SEP] are added; without a prompt there is no [SEP] before it.
TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if messages | length > 1 %}{{ message.role }}: {% endif %}{{ message.content }}"
    "{% if not loop.last %}{{ '\\n' }}{% endif %}"
    "{% endfor %}"
    "{% if messages | length > 1 or messages[0].content %}{{ sep_token }}{% endif %}"
)


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


def reads_otherwise(tokenizer: Any, body: PreTrainedModel) -> bool:
    """Whether a tokenizer pairs two texts to other inputs than rmexp makes of a prompt with a response."""
    pair = tokenizer("a", "b")
    (ours,) = Encoder(tokenizer, Limits(64, "error", None, 1)).encode([("a", "b")])
    types = (getattr(body.config, "type_vocab_size", 0) or 0) > 1 and any(pair.get("token_type_ids", []))
    return types or ours is None or list(ours.token_ids) != pair["input_ids"]


def drop_pooler(body: PreTrainedModel) -> None:
    """Leave out the layer that some families put on their first token: the reward is read below it."""
    if getattr(body, "pooler", None) is not None:
        body.pooler = None
