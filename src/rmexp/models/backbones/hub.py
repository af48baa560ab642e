"""Language models that transformers loads, and reward models in their place: hub ids and local folders."""

from collections.abc import Iterable
from typing import Any

from transformers import AutoModelForCausalLM

from rmexp.models.backbones.found_head import found_head
from rmexp.models.backbones.language_model import LanguageModel
from rmexp.models.backbones.pretrained import Source, find_source, refuse_missing
from rmexp.models.backbones.reward_start import RewardStart, reward_parts


def hub(
    texts: Iterable[str], seed: int, *, path: str, revision: str | None, dtype: str, trust_remote_code: bool
) -> LanguageModel | RewardStart:
    """Load a language model and its tokenizer; or, where there is a reward model, its body and its head.

    Args:
        texts: not used; a tokenizer comes with the model.
        seed: not used; the weights come with the model.
        path: local folder, or hub id such as `TinyLlama/TinyLlama-1.1B-Chat-v1.0`, with `@` and a revision if need be.
        revision: commit, tag or branch of a hub repository; the commit it stands for is recorded.
        dtype: of the weights: float32, bfloat16 or float16.
        trust_remote_code: whether code from the repository may run.

    Raises:
        ValueError: no model there, no such repository, or no network to fetch it.
    """
    return read_model(find_source(path, revision, dtype, trust_remote_code))


def read_model(source: Source) -> LanguageModel | RewardStart:
    """The language model or the reward model of a source; see `hub`."""
    tokenizer = source.tokenizer()
    parts = reward_parts(source)
    if parts is not None:
        return RewardStart.of(parts, tokenizer, source)
    causal_lm, missing = source.model(AutoModelForCausalLM)
    head = found_head(source, causal_lm.base_model)
    if head is not None and (missing or not _says_language_model(causal_lm.config)):
        return RewardStart(causal_lm.base_model, head, tokenizer, source.path, source.commit)
    refuse_missing(source.path, missing, "language model")
    return LanguageModel(causal_lm, tokenizer, source.path, source.commit, head=head)


def _says_language_model(config: Any) -> bool:
    return any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in config.architectures or [])
