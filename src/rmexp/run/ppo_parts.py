"""What PPO is made of in a configuration: scorer, sampler, value model, prompts."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig

from rmexp.config.build import build
from rmexp.data.encode import Encoder
from rmexp.models.backbone import language_model
from rmexp.models.contract import tokenizer_fingerprint
from rmexp.models.device import accelerator_type
from rmexp.models.folder import load_reward_model
from rmexp.models.generation import end_ids
from rmexp.models.precision import choose_precision
from rmexp.models.threads import use_threads
from rmexp.records import Prompt
from rmexp.run.data import LoadedData
from rmexp.run.stage_model import reference_model
from rmexp.selection.pool import distinct_prompts
from rmexp.training.ppo import Learning, PPOModule
from rmexp.training.prompt_data import PromptData
from rmexp.training.sampler import Sampler

log = logging.getLogger(__name__)

SHARED, POLICY = "shared", "policy"  # value models besides folders


class Parts(NamedTuple):
    """What an iteration is made of.

    Attributes:
        module: policy, value model, reference.
        data: prompts.
        threads: processor threads.
        precision: of computing.
        own_tokenizer: whether the scorer reads texts with another tokenizer than the policy's.
        cut_prompts: prompts that lose tokens to make room for the response.
    """

    module: PPOModule
    data: PromptData
    threads: int
    precision: str
    own_tokenizer: bool
    cut_prompts: int


def ppo_parts(config: DictConfig, loaded: LoadedData, start: Any, pace: Any, learning: Learning) -> Parts:
    """Build what an iteration is made of.

    Args:
        config: of the stage, with a model.reference.
        loaded: data, whose prompts are sampled for.
        start: the reference as it was loaded.
        pace: threads, precision, and how many iterations at most.
        learning: settings; see `learning_of`.

    Raises:
        ValueError: what a setting names cannot be used.
    """
    rollouts = learning.rollouts
    limits = replace(loaded.loading, cache_dir=None)  # nothing that is sampled comes again
    scorer, gold = (
        node and build(node, loading=limits, threads=pace.threads)() for node in (config.scorer, config.gold)
    )
    encoder = Encoder(start.tokenizer, limits)
    model = language_model(start, config.task)
    sampler = Sampler(
        encoder, end_ids(model.causal_lm, start.tokenizer), scorer, gold, rollouts.max_new_tokens, config.seed
    )
    other = _reads_other_tokens(scorer, start.tokenizer)
    if other:
        log.info("ppo: scorer %s has a tokenizer of its own: it reads the responses' texts", scorer.name)
    critic = _critic(config, start) if learning.estimator.uses_values else None
    parts = {name: build(config[name]) for name in ("optimizer", "schedule")}
    limit = config.trainer.gradient_clip_val
    module = build(config.module, start=start, critic=critic, sampler=sampler, learning=learning, **parts)(
        gradient_limit=limit
    )
    threads = use_threads(pace.threads, module)
    precision = choose_precision(pace.precision, module, accelerator_type(config.trainer.accelerator))
    prompts = _prompts(loaded, "train")
    per_iteration = rollouts.samples // learning.estimator.responses
    iterations = min(rollouts.iterations, pace.max_steps or rollouts.iterations)
    data = PromptData(
        prompts, _prompts(loaded, "val"), per_iteration, iterations, config.seed, loaded.loading.batch_tokens
    )
    long = sum(len(ids) > sampler.max_prompt_tokens for ids in encoder.encode_prompts(prompts, 2**30))
    if long:
        log.info("ppo: %d of %d prompts cut to %d tokens", long, len(prompts), sampler.max_prompt_tokens)
    log.info("ppo: %d prompts, %d iterations of %d responses", len(prompts), iterations, rollouts.samples)
    log.info("ppo: threads: %d, %s", threads, precision)
    return Parts(module, data, threads, precision, other, long)


def learning_of(config: DictConfig, max_tokens: int) -> Learning:
    """The settings of an iteration, which need no model to be checked.

    Args:
        config: of the stage.
        max_tokens: of prompt and response together.

    Raises:
        ValueError: a setting is out of its range, or does not fit another one.
    """
    learning = Learning(*(build(config[name]) for name in Learning._fields))
    rollouts = learning.rollouts
    if rollouts.samples % learning.estimator.responses:
        raise ValueError(
            f"rollouts.samples must be a multiple of estimator.responses={learning.estimator.responses}, "
            f"got {rollouts.samples}"
        )
    if rollouts.max_new_tokens >= max_tokens:
        raise ValueError(
            f"rollouts.max_new_tokens must be below data.max_tokens={max_tokens}, got {rollouts.max_new_tokens}"
        )
    if learning.update.minibatches > rollouts.samples:
        raise ValueError(
            f"update.minibatches must be at most rollouts.samples={rollouts.samples}, got {learning.update.minibatches}"
        )
    if config.value_model != SHARED and not learning.estimator.uses_values:
        raise ValueError(
            f"value_model={config.value_model} is for estimator=gae; this estimator has no value model "
            f"(set value_model={SHARED} or estimator=gae)"
        )
    if config.value_model not in (SHARED, POLICY) and not Path(config.value_model).is_dir():
        raise ValueError(
            f"value_model must be {SHARED}, {POLICY} or the folder of a reward model, got {config.value_model}"
        )
    if config.trainer.accumulate_grad_batches != 1:
        raise ValueError(
            f"trainer.accumulate_grad_batches must be 1 for task={config.task}, got "
            f"{config.trainer.accumulate_grad_batches} (update.minibatches says how large a step is)"
        )
    return learning


def _prompts(loaded: LoadedData, split: str) -> Sequence[Prompt]:
    records = (loaded.records.demonstrations or loaded.records.splits)[split]
    return [record.prompt for record in distinct_prompts(records, None)]


def _critic(config: DictConfig, start: Any) -> Any:
    """Body of the value model; None where it reads the policy's own hidden states."""
    place = config.value_model
    if place == SHARED:
        return None
    if place == POLICY:
        return reference_model(config).body
    try:
        model, tokenizer = load_reward_model(place)
    except ValueError as error:
        raise ValueError(f"{error} (set value_model)") from error
    if tokenizer_fingerprint(tokenizer) != tokenizer_fingerprint(start.tokenizer):
        raise ValueError(
            f"{place}: a value model reads the policy's tokens, but this one has another tokenizer (set value_model)"
        )
    return model.body


def _reads_other_tokens(scorer: Any, tokenizer: Any) -> bool:
    own = scorer.tokenizer
    return own is not None and tokenizer_fingerprint(own) != tokenizer_fingerprint(tokenizer)
