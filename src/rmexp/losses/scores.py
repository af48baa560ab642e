"""Which scores each task gives to its loss, and whether a loss takes them."""

from collections.abc import Mapping, Sequence

# By task, the names of the first arguments of its losses.
SCORES: Mapping[str, Sequence[str]] = {
    "reward": ("chosen_rewards", "rejected_rewards"),
    "dpo": ("policy_chosen_logps", "policy_rejected_logps", "reference_chosen_logps", "reference_rejected_logps"),
}


def of_another_task(loss: str, arguments: Sequence[str], task: str) -> str | None:
    """Why a task cannot call a loss; None where it can, or where nothing is known of what the task gives.

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
