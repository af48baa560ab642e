"""The settings of PPO, checked against each other before anything is loaded."""

from pathlib import Path

from rmexp.stages.parts import PPOParts, TrainerParts

SHARED, POLICY = "shared", "policy"  # value models besides folders


def check_settings(task: str, ppo: PPOParts, trainer: TrainerParts, max_tokens: int) -> None:
    """Refuse settings that do not fit each other; each is in its own range already.

    Args:
        task: for messages.
        ppo: settings of its own.
        trainer: that runs it.
        max_tokens: of prompt and response together.

    Raises:
        ValueError: naming the key to change.
    """
    learning, value_model = ppo.learning, ppo.value_model
    rollouts, estimator = learning.rollouts, learning.estimator
    if rollouts.samples % estimator.responses:
        raise ValueError(
            f"rollouts.samples must be a multiple of estimator.responses={estimator.responses}, got {rollouts.samples}"
        )
    if rollouts.max_new_tokens >= max_tokens:
        raise ValueError(
            f"rollouts.max_new_tokens must be below data.max_tokens={max_tokens}, got {rollouts.max_new_tokens}"
        )
    if learning.update.minibatches > rollouts.samples:
        raise ValueError(
            f"update.minibatches must be at most rollouts.samples={rollouts.samples}, got {learning.update.minibatches}"
        )
    _check_value_model(value_model, uses_values=estimator.uses_values)
    if trainer.accumulate != 1:
        raise ValueError(
            f"trainer.accumulate_grad_batches must be 1 for task={task}, got {trainer.accumulate} "
            "(update.minibatches says how large a step is)"
        )


def _check_value_model(value_model: str, *, uses_values: bool) -> None:
    if value_model != SHARED and not uses_values:
        raise ValueError(
            f"value_model={value_model} is for estimator=gae; this estimator has no value model "
            f"(set value_model={SHARED} or estimator=gae)"
        )
    if value_model not in (SHARED, POLICY) and not Path(value_model).is_dir():
        raise ValueError(f"value_model must be {SHARED}, {POLICY} or the folder of a reward model, got {value_model}")
