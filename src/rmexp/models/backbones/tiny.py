"""A small random Llama with a tokenizer trained on the data: the backbone that needs no download."""

from collections.abc import Iterable
from typing import Annotated

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from rmexp.models.backbones.byte_pairs import BEGIN, END, PAD, byte_pairs
from rmexp.models.backbones.language_model import LanguageModel

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "<|{{ message.role }}|>{{ message.content }}"
    "{% if message.role == 'assistant' %}{{ eos_token }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tiny(
    texts: Iterable[str],
    seed: int,
    *,
    hidden_size: Annotated[int, "at least 2"],
    layers: Annotated[int, "at least 1"],
    heads: Annotated[int, "at least 1"],
    vocabulary: Annotated[int, "at least 262"],
    max_positions: Annotated[int, "at least 2"],
) -> LanguageModel:
    """Build the model with random weights and train its byte-level BPE tokenizer.

    Args:
        texts: prompts and responses of the training split, for the tokenizer; of `KnownTexts` it is learnt once.
        seed: of the weights.
        hidden_size: width, a multiple of `heads`; the MLP is 8/3 as wide.
        layers: number of decoder layers.
        heads: attention heads.
        vocabulary: tokens at most, at least 262 (256 bytes and 6 special tokens).
        max_positions: longest sequence in tokens.

    Raises:
        ValueError: the vocabulary is too small, or the width does not go into heads of an even width each.
    """
    if vocabulary < 262:
        raise ValueError(f"expected a vocabulary of at least 262 tokens, got {vocabulary} (set model.vocabulary)")
    if hidden_size % (2 * heads):
        raise ValueError(
            f"the width must be a multiple of twice the heads, got {hidden_size} and {heads} "
            "(set model.hidden_size or model.heads)"
        )
    tokenizer = train_tokenizer(texts, vocabulary, max_positions)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        intermediate_size=hidden_size * 8 // 3,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=max_positions,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LanguageModel(LlamaForCausalLM(config), tokenizer, "tiny", None)


def train_tokenizer(texts: Iterable[str], vocabulary: int, max_tokens: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with a chat template of one token per role."""
    return PreTrainedTokenizerFast(
        tokenizer_object=byte_pairs(texts, vocabulary),
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        model_max_length=max_tokens,
        chat_template=CHAT_TEMPLATE,
    )
