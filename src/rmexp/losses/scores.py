"""What the losses of pairs are called with."""

from collections.abc import Mapping, Sequence

# What the tasks that learn from pairs call the first arguments of their losses.
SCORES: Mapping[str, Sequence[str]] = {
    "reward": ("chosen_rewards", "rejected_rewards"),
    "dpo": ("policy_chosen_logps", "policy_rejected_logps", "reference_chosen_logps", "reference_rejected_logps"),
}


def of_another_task(loss: str, arguments: Sequence[str], task: str) -> str | None:
    """Why a loss is none of a task; None where it is one, or where the task may call its loss with anything.

    Args:
        loss: as messages name it.
        arguments: names of those that it takes.
        task: that is to be trained.

    >>> of_another_task("hinge_loss()", ["chosen_rewards", "rejected_rewards", "target"], "reward")
    >>> of_another_task("mine()", ["a", "b", "beta"], "reward")
    'task=reward needs a loss of chosen_rewards, rejected_rewards, got mine() of a, b (set loss)'
    """
    scores = SCORES.get(task, ())
    first = [*arguments][: len(scores)]
    if first == [*scores]:
        return None
    return f"task={task} needs a loss of {', '.join(scores)}, got {loss} of {', '.join(first) or 'nothing'} (set loss)"
