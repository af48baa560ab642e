"""The figures of a PPO run: columns of metrics.csv, and what summary.json makes of them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rmexp.hardware.memory import peak_memory_mb
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.policy import BeforeAndAfter, Change, PolicyFigures, RewardScale, SampledMeans
from rmexp.runs.summaries.train import LastEpoch, LastValidation, ModelMade, TrainSummary
from rmexp.stages.ppo.built import PPOBuilt
from rmexp.tracking.logged_figures import PPO_FIGURES, columns
from rmexp.training.ppo.judgement import Judgement
from rmexp.training.ppo.tally import Tally

COLUMNS = columns(PPO_FIGURES)


class PPOFitted(NamedTuple):
    """What training took, and what it left.

    Attributes:
        model: the finished policy.
        reference: folder that training started from.
        steps: optimizer steps of the whole run.
        seconds: of training.
        tally: of its iterations.
        after: fresh samples of the finished policy.
    """

    model: ModelMade
    reference: str | None
    steps: int
    seconds: float
    tally: Tally
    after: Judgement


def ppo_summary(task: str, built: PPOBuilt, fitted: PPOFitted, evaluation: Sequence[HeldOutRow]) -> TrainSummary:
    """What the stage came to, but for what was left out of the data and the seconds of all.

    Args:
        task: that was trained.
        built: the stage.
        fitted: what became of it.
        evaluation: figures of held-out pairs.
    """
    pairs, data, samples = built.loaded.records.splits, built.data, built.module.learning.rollouts.samples
    responses, rates = data.iterations * samples, fitted.tally.rates(samples)
    return TrainSummary(
        task=task,
        model=fitted.model,
        steps=fitted.steps,
        epochs=round(data.iterations * data.per_iteration / len(data.prompts), 4),
        train_pairs=len(pairs.get("train", ())),
        val_pairs=len(pairs.get("val", ())),
        truncated=built.cut_prompts,
        train_pairs_per_second=round(rates[0], 2),  # the key of all stages; here it counts responses
        train_tokens_per_second=round(rates[1], 1),
        threads=built.threads,
        precision=built.precision,
        peak_memory_mb=peak_memory_mb(),
        train_seconds=round(fitted.seconds, 2),
        train=LastEpoch(responses, fitted.tally.policy_loss),
        val=_validation(evaluation),
        evaluation=tuple(evaluation),
        policy=_policy(built, fitted, responses),
        remarks=tuple(_remarks(built.module.before)),
    )


def _remarks(before: Judgement) -> Iterator[str]:
    """What looked wrong."""
    if before.gold_sd == 0:
        yield (
            f"the true reward of every fresh sample of the starting policy is {before.figures['gold']:g}: it tells "
            "nothing apart (choose another scorer@gold)"
        )


def _policy(built: PPOBuilt, fitted: PPOFitted, responses: int) -> PolicyFigures:
    """What became of the policy."""
    module, after = built.module, fitted.after
    before = module.before
    return PolicyFigures(
        reference=fitted.reference,
        iterations=built.data.iterations,
        prompts=len(built.data.prompts),
        responses=responses,
        iteration_seconds=fitted.tally.iteration_seconds(),
        reward=Change(before.mean, after.mean, before.sd),
        gold=None if before.gold_sd is None else Change(before.figures["gold"], after.figures["gold"], before.gold_sd),
        kl=after.figures["kl"],
        kl_coefficient=module.kl_coefficient,
        samples=BeforeAndAfter(after.samples, SampledMeans(**before.figures), SampledMeans(**after.figures)),
        scorer=module.sampler.scorer.describe(),
        reward_scale=RewardScale(*module.scale),
        scorer_reads_other_tokens=built.own_tokenizer,
    )


def _validation(evaluation: Sequence[HeldOutRow]) -> LastValidation:
    """How the finished policy orders the validation pairs; nothing where they were not scored."""
    row = next((row for row in evaluation if (row.split, row.slice) == ("val", None)), None)
    if row is None:
        return LastValidation(0)
    return LastValidation(row.n, row.nll, row.accuracy, row.tie_rate, row.accuracy_low, row.accuracy_high)
