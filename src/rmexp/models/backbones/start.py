"""Where a model starts: from what its group builds, or from a folder that another run left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StartingPoint:
    """The keys that every model has beside those of its builder.

    Attributes:
        layout: of the rows that batches are computed in: `packed` without padding, `padded`, or `auto` for packed ones
            where the model allows it.
        name: of the model, for folders and reports.
        reference: folder of the model to start from; None starts from what the group builds.
        chat_template: of prompts: None for the model's own, `plain` for none, else a file with a Jinja template.
        trained: which weights learn: `all`, `adapters` beside frozen ones, or the reward `head` alone.
        adapters: rank, alpha and modules of the adapters; see `choose_trained`.
        gradient_checkpointing: whether layers are computed again in the backward pass, to hold less in between.
        recipe: learning rate and epochs that suit this backbone, per task; configurations refer to it.
    """

    layout: str
    name: str
    reference: str | None
    chat_template: str | None
    trained: str
    adapters: Mapping[str, Any]
    gradient_checkpointing: bool
    recipe: Mapping[str, Mapping[str, float]]
