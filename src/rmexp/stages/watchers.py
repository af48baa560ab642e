"""What looks on while a stage learns from given examples, and is asked afterwards what it saw."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rmexp.encoding.tokens import PairTokens
from rmexp.records import prompt_text
from rmexp.stages.built import Built
from rmexp.stages.parts import StageParts
from rmexp.tracking.validations import NO_TEXTS, Texts
from rmexp.training.callbacks.kept import Kept
from rmexp.training.callbacks.nonfinite import NonFinite
from rmexp.training.callbacks.throughput import Throughput
from rmexp.training.callbacks.validation_rewards import ValidationRewards


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


def watchers(parts: StageParts, built: Built, checkpoints: Path) -> Watchers:
    """The callbacks of a stage.

    Args:
        parts: that the stage is made of.
        built: the stage.
        checkpoints: folder of them.
    """
    options, trainer = parts.trainer.options, parts.trainer
    nonfinite = NonFinite(
        checkpoints,
        skip=options.on_nonfinite == "skip",
        every_steps=trainer.log_every_steps,
        examples_of=partial(_examples_of, built, trainer.accumulate),
        setting=f"{trainer.gradient_limit} and {built.precision}",
    )
    return Watchers(Throughput(), Kept(checkpoints, options), nonfinite)


def validation_rewards(built: Built, folder: Path, keep_steps: int) -> ValidationRewards:
    """The callback that keeps what each validation gave, with what the stage knows of its examples.

    Args:
        built: the stage.
        folder: of the run.
        keep_steps: what an interrupted run has written up to this step is kept.
    """
    kept = {split: account for split, account in built.examples.accounts.items() if account.kept}
    cut_shares = {split: account.truncated / account.kept for split, account in kept.items()}
    texts = partial(_texts_of, built)
    return ValidationRewards(folder, keep_steps, built.examples.val_clusters, cut_shares, texts)


def _texts_of(built: Built, number: int) -> Texts:
    """Prompt and responses of a validation pair."""
    pair = built.examples.val[number]
    if not isinstance(pair, PairTokens):
        return NO_TEXTS
    record = built.loaded.records.splits["val"][pair.place]
    return prompt_text(record.prompt), record.chosen, record.rejected


def _examples_of(built: Built, accumulate: int, step: int) -> tuple[str, Sequence[str]]:
    """What a step learnt from: the kind of examples, and the ids of pairs or the places of demonstrations, from 1."""
    examples, loader = built.examples, built.examples.data.train_dataloader()
    batches = range((step - 1) * accumulate, min(step * accumulate, len(loader)))
    places = [int(place) for batch in batches for place in loader.indices(batch)]
    learnt = [examples.train[place] for place in places]
    records = built.loaded.records.splits.get("train", ())
    ids = [records[one.place].id for one in learnt if isinstance(one, PairTokens)]
    return examples.kind, ids or [str(place + 1) for place in places]
