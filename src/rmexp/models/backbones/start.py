"""Where a model starts: from what its group builds, or from a folder that another run left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

RELATIVE = ("dpo", "ppo")  # tasks whose policy is measured against a reference


class StartingFolders(NamedTuple):
    """The models that a stage reads, each a folder or a hub id.

    Attributes:
        start: whose weights training starts from; None for what the model group builds.
        reference: that the policy is measured against; None for the start, where that is in no folder yet, and for a
            task without one.
    """

    start: str | None
    reference: str | None


def starting_folders(task: str, init_from: str | None, reference: str | None) -> StartingFolders:
    """What `model.init_from` and `model.reference` say to a task.

    A policy starts from its reference and is measured against its start, where only one of the two is given. A task
    without a reference reads the key of the reference as `init_from`, as it did before there were two keys.

    Raises:
        ValueError: a task without a reference is given two models.

    >>> starting_folders("reward", None, "sft/model")
    StartingFolders(start='sft/model', reference=None)
    >>> starting_folders("dpo", None, "sft/model")
    StartingFolders(start='sft/model', reference='sft/model')
    >>> starting_folders("dpo", "dpo/model", "sft/model")
    StartingFolders(start='dpo/model', reference='sft/model')
    """
    if task in RELATIVE:
        return StartingFolders(init_from or reference, reference or init_from)
    if init_from is not None and reference not in (None, init_from):
        raise ValueError(
            f"task={task} is measured against no reference, but model.init_from is {init_from} and model.reference is "
            f"{reference} (set model.reference=null)"
        )
    return StartingFolders(init_from or reference, None)


@dataclass(frozen=True)
class StartingPoint:
    """The keys that every model has beside those of its builder.

    Attributes:
        layout: of the rows that batches are computed in: `packed` without padding, `padded`, or `auto` for packed ones
            where the model allows it.
        name: of the model, for folders and reports.
        init_from: folder or hub id of the model whose weights training starts from; None starts from what the group
            builds.
        reference: folder or hub id of the model that a DPO or PPO policy is measured against; None for the one that it
            starts from.
        chat_template: of prompts: None for the model's own, `plain` for none, else a file with a Jinja template.
        trained: which weights learn: `all`, `adapters` beside frozen ones, or the reward `head` alone.
        adapters: rank, alpha and modules of the adapters; see `choose_trained`.
        gradient_checkpointing: whether layers are computed again in the backward pass, to hold less in between.
        recipe: learning rate and epochs that suit this backbone, per task; configurations refer to it.
        save_dtype: of the finished weights; None for that of the files that they came from.
        load: how the weights beside the adapters are held: `full`, or in `4bit`; see `quantise`.
    """

    layout: Literal["auto", "packed", "padded"]
    name: str
    init_from: str | None
    reference: str | None
    chat_template: str | None
    trained: Literal["all", "adapters", "head"]
    adapters: Mapping[str, Any]
    gradient_checkpointing: bool
    recipe: Mapping[str, Mapping[str, float]]
    save_dtype: Literal["float32", "bfloat16", "float16"] | None = None
    load: Literal["full", "4bit"] = "full"
