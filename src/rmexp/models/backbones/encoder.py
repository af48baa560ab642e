"""Pretrained text encoders, such as those of the BERT family, as the body of a reward model."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from transformers import AutoModel, PreTrainedModel

from rmexp.models.backbones.found_head import found_head
from rmexp.models.backbones.pretrained import Source, find_source, load_whole
from rmexp.models.backbones.reward_start import RewardStart, reward_parts
from rmexp.models.backbones.sentence_tokens import drop_pooler, with_sentence_tokens
from rmexp.models.pooling import check_pooling


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
    save_dtype: str = "float32"  # that its weights are saved in: of the files that they came from

    @property
    def head(self) -> None:
        """There is none yet."""


def encoder(
    texts: Iterable[str],
    seed: int,
    *,
    path: str,
    pooling: str,
    revision: str | None,
    dtype: str,
    trust_remote_code: bool,
) -> TextEncoder | RewardStart:
    """Load the body of a model and its tokenizer; where there is a reward model, with its head.

    Args:
        texts: not used; a tokenizer comes with the model.
        seed: not used; the weights come with the model.
        path: local folder, or hub id with `@` and a revision if need be, that `AutoModel` loads.
        pooling: `mean` over the tokens, `first_token` ([CLS]) or `last_token`; see `encoder_decoder` for what has both.
        revision: commit, tag or branch of a hub repository; the commit it stands for is recorded.
        dtype: of the weights: float32, bfloat16 or float16.
        trust_remote_code: whether code from the repository may run.

    Raises:
        ValueError: no such pooling, or no model there.
    """
    check_pooling(pooling)
    source = find_source(path, revision, dtype, trust_remote_code)
    tokenizer = source.own_tokenizer()
    going_on = _reward_start(source, tokenizer, pooling)
    if going_on is not None:
        return going_on
    body = load_whole(source, AutoModel, "model of that kind", not_needed=("pooler.",))
    drop_pooler(body)
    tokenizer, head = with_sentence_tokens(tokenizer), found_head(source, body)
    if head is not None:
        found: dict[str, Any] = {"mask_padding": True, "save_dtype": source.save_dtype}
        return RewardStart(body, head, tokenizer, source.path, source.commit, pooling, **found)
    return TextEncoder(body, tokenizer, source.path, source.commit, pooling, save_dtype=source.save_dtype)


def _reward_start(source: Source, tokenizer: Any, pooling: str) -> RewardStart | None:
    """The reward model of a source, where there is one."""
    parts = reward_parts(source)
    if parts is None or parts.head is None:
        return None
    if parts.pooling not in (None, pooling):
        raise ValueError(
            f"the head of {source.path} reads the {parts.pooling}, but model.pooling is {pooling} "
            f"(set model.pooling={parts.pooling})"
        )
    return RewardStart.of(parts, tokenizer, source, pooling)
