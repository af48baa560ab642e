"""Every figure that is logged while a run goes on, defined once: the columns of metrics.csv, in their order.

Trackers get the same figures by the same names. The page of metrics in the documentation and `rmexp train --help` are
made from this file; nothing heavy is imported for that.
"""

from collections.abc import Iterable
from typing import NamedTuple


class LoggedFigure(NamedTuple):
    """One of them.

    Attributes:
        name: of the column.
        meaning: in words.
        label: that a terminal gives it; empty where it is not shown there.
        share: whether it is one, to be read in per cent.
        best: its better end, `min` or `max`, where it can say which weights are kept; empty where it cannot.
    """

    name: str
    meaning: str
    label: str = ""
    share: bool = False
    best: str = ""

    def text(self, value: float) -> str:
        """A value as it is read.

        >>> LoggedFigure("val/accuracy", "", share=True).text(0.9875), LoggedFigure("lr", "").text(1e-4)
        ('98.8 %', '0.0001')
        """
        return f"{100 * value:.1f} %" if self.share else f"{value:.4g}"


_EVERY_RUN = (
    LoggedFigure("step", "optimizer steps that are done; iterations of a policy that learns by task=ppo"),
    LoggedFigure("epoch", "passes over the training examples that are done, with their fraction"),
    LoggedFigure("seconds", "since training began, those before an interruption included"),
    LoggedFigure("lr", "learning rate of the step, of the parameters without a factor of their own", "lr"),
)


def _rewards(phase: str, which: str) -> tuple[LoggedFigure, ...]:
    """How the rewards of task=reward, or the implicit rewards of task=dpo, are distributed."""
    return (
        LoggedFigure(f"{phase}/margin_sd", f"standard deviation of the margins of {which} pairs"),
        LoggedFigure(
            f"{phase}/mean_reward", f"mean reward of the responses of {which} pairs; of task=dpo the implicit one"
        ),
        LoggedFigure(f"{phase}/reward_sd", "their standard deviation"),
        LoggedFigure(f"{phase}/min_reward", "the smallest of them"),
        LoggedFigure(f"{phase}/max_reward", "the largest"),
        LoggedFigure(f"{phase}/rewards/chosen", "mean reward of the better responses; ties of the label do not count"),
        LoggedFigure(f"{phase}/rewards/rejected", "of the others"),
    )


def _policy(phase: str, which: str) -> tuple[LoggedFigure, ...]:
    """What task=dpo adds."""
    return (
        LoggedFigure(
            f"{phase}/logps/chosen",
            f"task=dpo: mean log-probability of the better responses of {which} pairs, in nats; ties do not count",
        ),
        LoggedFigure(f"{phase}/logps/rejected", "of the others"),
        LoggedFigure(
            f"{phase}/kl",
            f"task=dpo: divergence of the policy from its reference on the responses of {which} pairs, in nats a "
            "response: the estimator k2 of Schulman (2020), half the mean square of the log-ratio. These are responses "
            "of the data, not samples of the policy",
        ),
    )


STAGE_FIGURES = (
    *_EVERY_RUN,
    LoggedFigure("train/loss", "mean loss of the examples of the batch, before the step", "loss"),
    LoggedFigure(
        "train/accuracy",
        "share of the batch's pairs whose better response has the higher score, equal scores counted half; a pair that "
        "is labelled a tie does not count",
        "accuracy",
        share=True,
    ),
    LoggedFigure("val/loss", "mean loss of all validation examples", best="min"),
    LoggedFigure("val/accuracy", "the same share of all validation pairs", share=True, best="max"),
    LoggedFigure(
        "train/margin",
        "mean over the batch's pairs of the better response's score less the other's: reward, implicit reward of "
        "task=dpo, log-probability of task=sft",
        "margin",
    ),
    LoggedFigure("val/margin", "the same mean over all validation pairs", best="max"),
    LoggedFigure("val/accuracy_low", "lower end of the 95 % interval of the accuracy, prompts taken as independent"),
    LoggedFigure("val/accuracy_high", "upper end"),
    *_rewards("train", "the batch's"),
    *_rewards("val", "all validation"),
    *_policy("train", "the batch's"),
    *_policy("val", "all validation"),
    LoggedFigure("train/grad_norm", "norm of the step's gradient before it is clipped"),
    LoggedFigure("train/num_examples", "pairs, or demonstrations, that have been learnt from, with repetitions"),
    LoggedFigure("train/num_tokens", "tokens of these, prompts included"),
    LoggedFigure("train/examples_per_second", "of training alone, since figures were logged last"),
    LoggedFigure("train/tokens_per_second", "likewise"),
    LoggedFigure("train/cut_share", "share of the training examples of which the length limit cut something"),
    LoggedFigure("val/cut_share", "likewise of the validation examples; both stand where a validation does"),
    LoggedFigure("memory_mb", "the most memory that the GPU, or without one the process, has held, in MiB"),
)

SAMPLED = (
    LoggedFigure("rollout/reward", "mean reward of the sampled responses, in the scorer's own units", "reward"),
    LoggedFigure("rollout/gold", "mean true reward, where a scorer of the truth watches", "true"),
    LoggedFigure("rollout/kl", "divergence from the reference in nats a response: mean of the log-ratio", "KL"),
    LoggedFigure("rollout/kl_k3", "the same by the estimator k3, which is never negative"),
    LoggedFigure("rollout/entropy", "nats a token: mean of minus the log-probability"),
    LoggedFigure("rollout/tokens", "tokens of a response, its end among them", "tokens"),
    LoggedFigure("rollout/ended", "share of the responses that the policy ended itself", "ended", share=True),
    LoggedFigure("rollout/empty", "share of the responses without text", share=True),
)
UPDATED = (
    LoggedFigure("update/policy_loss", "mean loss of the policy over the iteration's steps"),
    LoggedFigure("update/value_loss", "mean loss of the value model"),
    LoggedFigure("update/clip_fraction", "share of the tokens that the clip keeps from learning", share=True),
    LoggedFigure("update/kl", "divergence of the last step from the policy that sampled, nats a token"),
    LoggedFigure("update/steps", "optimizer steps of the iteration; fewer where update.stop_kl ends it"),
    LoggedFigure("update/explained_variance", "share of the variance of returns that the value model foresees"),
)
TIMED = (
    LoggedFigure("seconds/generation", "of sampling the responses"),
    LoggedFigure("seconds/scoring", "of having them scored"),
    LoggedFigure("seconds/update", "of learning from them"),
)
PPO_FIGURES = (
    *_EVERY_RUN,
    LoggedFigure("kl_coefficient", "what a nat of divergence from the reference costs"),
    *SAMPLED,
    LoggedFigure("rollout/objective", "what is learnt from: the scaled reward, less penalties and the cost of the KL"),
    *UPDATED,
    *TIMED,
)

# Beside a bar on a terminal, in this order.
SHOWN = tuple(figure for figure in (*STAGE_FIGURES[len(_EVERY_RUN) :], *SAMPLED, *_EVERY_RUN) if figure.label)


def figures_of(task: str) -> tuple[LoggedFigure, ...]:
    """What is logged of a task."""
    return PPO_FIGURES if task == "ppo" else STAGE_FIGURES


def columns(figures: Iterable[LoggedFigure]) -> tuple[str, ...]:
    """Their names."""
    return tuple(figure.name for figure in figures)
