"""A stage that is to be found or trained, before anything heavy is imported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rmexp.runs.folder import RunConfig
from rmexp.tracking.tracker import Tracker

if TYPE_CHECKING:
    from rmexp.stages.parts import StageParts


@dataclass(frozen=True)
class StagePlan:
    """One stage as a verb asks for it.

    Attributes:
        task: `sft`, `reward`, `dpo` or `ppo`; its folder in another run is called so, too.
        config: that its run folder is bound to.
        inputs: fingerprints of what the configuration only names, such as the content of data files.
        parts: builds what it is made of; a mistake in a setting is found here.
        trackers: builds those that are told of it, by name.
        vocabulary: of a tokenizer that a new model learns from the data; None where none is learnt.
        reference: the stage that trains what it starts from; None where that is given, or needs no training.
    """

    task: str
    config: RunConfig
    inputs: Mapping[str, str | None]
    parts: Callable[[], "StageParts"]
    trackers: Callable[[], Mapping[str, Tracker]]
    vocabulary: int | None = None
    reference: "StagePlan | None" = None
