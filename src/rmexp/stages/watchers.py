"""What looks on while a stage learns from given examples, and is asked afterwards what it saw."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rmexp.data.loaded import LoadedData
from rmexp.encoding.encode import PairTokens
from rmexp.stages.built import Built
from rmexp.stages.parts import StageParts
from rmexp.training.callbacks.checkpoints import callback_state
from rmexp.training.callbacks.kept import Kept
from rmexp.training.callbacks.nonfinite import NonFinite
from rmexp.training.callbacks.throughput import Throughput


class Watchers(NamedTuple):
    """Callbacks with a memory.

    Attributes:
        throughput: how fast training is.
        kept: which validation was the best.
        nonfinite: which steps were not finite.
    """

    throughput: Throughput
    kept: Kept
    nonfinite: NonFinite

    def recall(self, checkpoint: Path) -> None:
        """Take over what those of another process, which trained, have left in a checkpoint."""
        for callback in self:
            callback.load_state_dict(callback_state(checkpoint, type(callback).__name__))


def watchers(parts: StageParts, built: Built, loaded: LoadedData, checkpoints: Path) -> Watchers:
    """The callbacks of a stage.

    Args:
        parts: that the stage is made of.
        built: the stage.
        loaded: data that it learns from.
        checkpoints: folder of them.
    """
    options, trainer = parts.trainer.options, parts.trainer
    nonfinite = NonFinite(
        checkpoints,
        skip=options.on_nonfinite == "skip",
        every_steps=trainer.log_every_steps,
        examples_of=partial(_examples_of, built, loaded, trainer.accumulate),
        setting=f"{trainer.gradient_limit} and {built.precision}",
    )
    return Watchers(Throughput(), Kept(checkpoints, options), nonfinite)


def _examples_of(built: Built, loaded: LoadedData, accumulate: int, step: int) -> tuple[str, Sequence[str]]:
    """What a step learnt from: the kind of examples, and the ids of pairs or the places of demonstrations, from 1."""
    examples, loader = built.examples, built.examples.data.train_dataloader()
    batches = range((step - 1) * accumulate, min(step * accumulate, len(loader)))
    places = [int(place) for batch in batches for place in loader.indices(batch)]
    learnt = [examples.train[place] for place in places]
    records = loaded.records.splits.get("train", ())
    ids = [records[one.place].id for one in learnt if isinstance(one, PairTokens)]
    return examples.kind, ids or [str(place + 1) for place in places]
