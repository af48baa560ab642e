"""PPO, built: sampler, policy, value model and prompts, ready to run."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import lightning as L
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rmexp.data.loaded import LoadedData
from rmexp.encoding.encode import Encoder
from rmexp.encoding.rendering import rows_named
from rmexp.encoding.tokenizer_identity import tokenizer_fingerprint
from rmexp.models.attention.decoder_layers import check_compilable
from rmexp.models.backbones.backbone import Backbone, language_model
from rmexp.models.backbones.language_model import check_positions
from rmexp.models.folders.chat_template import check_same_template
from rmexp.models.folders.folder import load_reward_model
from rmexp.models.generation import end_ids
from rmexp.records import Prompt, Record
from rmexp.scoring.scorer import Scorer, checked_scorer
from rmexp.selection.pool import distinct_prompts
from rmexp.stages.model import other_reference, start_model
from rmexp.stages.parts import POLICY, SHARED, PPOParts, StageParts
from rmexp.stages.trainer import computing
from rmexp.training.ppo.module import PPOModule
from rmexp.training.ppo.prompt_data import PromptData
from rmexp.training.ppo.sampler import Sampler
from rmexp.training.trainer_options import TrainerOptions

log = logging.getLogger(__name__)


class PPOBuilt(NamedTuple):
    """What an iteration is made of.

    Attributes:
        loaded: data, whose prompts are sampled for; no pair of it is learnt from, and prompts alone can be cut.
        start: what the policy starts from, as it was loaded.
        module: policy, value model, reference.
        data: prompts.
        threads: processor threads.
        precision: of computing.
        own_tokenizer: whether the scorer reads texts with another tokenizer than the policy's.
        cut_prompts: prompts that lose tokens to make room for the response.
    """

    loaded: LoadedData
    start: Backbone
    module: PPOModule
    data: PromptData
    threads: int
    precision: str
    own_tokenizer: bool
    cut_prompts: int


def build_ppo(parts: StageParts, ppo: PPOParts, loaded: LoadedData) -> PPOBuilt:
    """Build what an iteration is made of.

    Args:
        parts: that the stage is made of, a reference among them.
        ppo: those of PPO alone.
        loaded: data, whose prompts are sampled for.

    Raises:
        ValueError: what a setting names cannot be used.
    """
    L.seed_everything(parts.seed, verbose=False)
    start = start_model(parts, loaded.records, loaded.limits.cache_dir)
    check_positions(start.body, loaded.limits.max_tokens)
    assert parts.reference is not None
    check_same_template(parts.reference, start.tokenizer)
    train, val = (_asked(loaded, split) for split in ("train", "val"))
    sampler = _sampler(parts, ppo, loaded, start, {record.prompt: record.place for record in (*train, *val)})
    other = _reads_other_tokens(sampler.scorer, start.tokenizer)
    if other:
        log.info("ppo: scorer %s has a tokenizer of its own: it reads the responses' texts", sampler.scorer.name)
    critic = _critic(ppo.value_model, parts, start) if ppo.learning.estimator.uses_values else None
    learnt = {"optimizer": parts.optimizer, "schedule": parts.schedule, "gradient_limit": parts.trainer.gradient_limit}
    models = {"start": start, "reference": other_reference(parts, start), "critic": critic}
    module: PPOModule = parts.module(**models, sampler=sampler, learning=ppo.learning, **learnt)
    threads, precision = computing(parts.trainer, module)
    if parts.trainer.options.compiled:
        check_compilable(start.body, module.model.likelihood.packed)
    data = _prompt_data(parts, ppo, loaded, train, val)
    cut, _ = (_cut_prompts(sampler, split, records) for split, records in (("train", train), ("val", val)))
    samples = ppo.learning.rollouts.samples
    log.info("ppo: %d prompts, %d iterations of %d responses", len(data.prompts), data.iterations, samples)
    log.info("ppo: threads: %d, %s", threads, precision)
    _tell_idle(parts.trainer.options)
    return PPOBuilt(loaded, start, module, data, threads, precision, other, cut)


def _tell_idle(options: TrainerOptions) -> None:
    """Settings of the trainer that stages share, and that have no effect here, are said to have none."""
    idle = {"trainer.patience": options.patience is not None, "trainer.on_nonfinite": options.on_nonfinite == "skip"}
    for name in (name for name, is_set in idle.items() if is_set):
        log.info("ppo: %s has no effect: there are no validations, and a policy that is not sound ends the run", name)


def _sampler(
    parts: StageParts, ppo: PPOParts, loaded: LoadedData, start: Backbone, places: Mapping[Prompt, str]
) -> Sampler:
    limits = replace(loaded.limits, cache_dir=None)  # nothing that is sampled comes again
    options = {"limits": limits.without_dropping(), "threads": parts.trainer.options.threads}
    scorer, gold = (make and checked_scorer(make(**options)) for make in (ppo.scorer, ppo.gold))
    assert scorer is not None
    ends = end_ids(language_model(start, parts.task).causal_lm, start.tokenizer)
    encoder = Encoder(start.tokenizer, limits)
    return Sampler(encoder, ends, scorer, gold, ppo.learning.rollouts.max_new_tokens, parts.seed, places)


def _critic(place: str, parts: StageParts, start: Backbone) -> PreTrainedModel | None:
    """Body of the value model; None where it reads the policy's own hidden states."""
    if place == SHARED:
        return None
    if place == POLICY:
        assert parts.folders.start is not None
        return parts.model.load(parts.folders.start).body
    try:
        critic, tokenizer = load_reward_model(place)
    except ValueError as error:
        raise ValueError(f"{error} (set value_model)") from error
    if tokenizer_fingerprint(tokenizer) != tokenizer_fingerprint(start.tokenizer):
        raise ValueError(
            f"{place}: a value model reads the policy's tokens, but this one has another tokenizer (set value_model)"
        )
    return critic.body


def _reads_other_tokens(scorer: Scorer, tokenizer: PreTrainedTokenizerBase) -> bool:
    own = scorer.tokenizer
    return own is not None and tokenizer_fingerprint(own) != tokenizer_fingerprint(tokenizer)


def _prompt_data(
    parts: StageParts, ppo: PPOParts, loaded: LoadedData, train: Sequence[Record], val: Sequence[Record]
) -> PromptData:
    rollouts, most = ppo.learning.rollouts, parts.trainer.options.max_steps
    return PromptData(
        [record.prompt for record in train],
        [record.prompt for record in val],
        rollouts.samples // ppo.learning.estimator.responses,
        min(rollouts.iterations, most or rollouts.iterations),
        parts.seed,
        loaded.batching.batch_tokens,
    )


def _asked(loaded: LoadedData, split: str) -> Sequence[Record]:
    """The first record of each prompt of a split."""
    records = (loaded.records.demonstrations or loaded.records.splits).get(split)
    if records is None:
        raise ValueError("task=ppo is judged on prompts that it does not learn from (set data.val_fraction above 0)")
    return distinct_prompts(records, None)


def _cut_prompts(sampler: Sampler, split: str, records: Sequence[Record]) -> int:
    """How many prompts of a split are longer than a response leaves room for; told.

    Raises:
        ValueError: the chat template refuses one; the message names its row.
    """
    with rows_named(records):
        encoded = sampler.encoder.encode_prompts((record.prompt for record in records), 2**30)
    long = sum(len(ids) > sampler.max_prompt_tokens for ids in encoded)
    if long:
        log.info("ppo: %d of %d %s prompts cut to %d tokens", long, len(records), split, sampler.max_prompt_tokens)
    return long
