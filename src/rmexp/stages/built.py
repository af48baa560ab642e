"""A stage that learns from given examples, built: model, module and data, ready to run."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

import lightning as L

from rmexp.data.loaded import LoadedData
from rmexp.encoding.encode import Encoder
from rmexp.evaluation.test_set import TestSet
from rmexp.losses.scores import SCORES
from rmexp.models.backbones.backbone import Backbone
from rmexp.models.backbones.language_model import check_positions
from rmexp.phases import Phase, phase
from rmexp.stages.examples import Examples, encoded_examples
from rmexp.stages.held_out import cut_to_fit
from rmexp.stages.judged_sets import held_out_sets, learns_preferences
from rmexp.stages.model import module_of, start_model
from rmexp.stages.parts import StageParts
from rmexp.stages.trainer import computing
from rmexp.training.margins import check_margins
from rmexp.training.pair_loss import PairLoss
from rmexp.training.stage import TrainingModule

log = logging.getLogger(__name__)


class Built(NamedTuple):
    """A stage that is ready to run.

    Attributes:
        loaded: data that it learns from.
        start: the model that it starts from.
        module: that trains it.
        examples: that it learns from.
        sets: of pairs, to be scored with the finished model.
        cut: what the length limit does to each of them.
        threads: processor threads.
        precision: of computing.
    """

    loaded: LoadedData
    start: Backbone
    module: TrainingModule
    examples: Examples
    sets: list[TestSet]
    cut: dict[str, dict[str, int]]
    threads: int
    precision: str

    @property
    def max_tokens(self) -> int:
        """Longest sequence."""
        return self.loaded.limits.max_tokens


def build_stage(parts: StageParts, loaded: LoadedData, tests: Mapping[str, LoadedData]) -> Built:
    """Everything that can be refused is refused here, before the first step.

    Args:
        parts: that the stage is made of.
        loaded: data with a training and a validation split.
        tests: further data sets, whose held-out pairs will be scored too.

    Raises:
        ValueError: the data, the model and the settings do not fit each other.
    """
    splits = loaded.records.splits
    if parts.loss is not None and parts.task in SCORES:
        loss, learnt = (
            PairLoss(parts.loss, parts.task),
            {name: splits[name] for name in ("train", "val") if name in splits},
        )
        loss.try_out()
        check_margins(loss, learnt)
    L.seed_everything(parts.seed, verbose=False)
    start = start_model(parts, loaded.records, loaded.limits.cache_dir)
    check_positions(start.body, loaded.limits.max_tokens)
    module = module_of(parts, start)
    with phase(Phase.ENCODING, loaded.name):
        encoder = Encoder(start.tokenizer, loaded.limits)
        examples = encoded_examples(parts.task, module, loaded, encoder, parts.passes)
        parts.trainer.options.check_validations(examples.kind, validates=bool(examples.val))
        sets = held_out_sets(loaded, tests) if learns_preferences(module) else []
        cut = cut_to_fit(sets, encoder.without_dropping())
    threads, precision = computing(parts.trainer, module)
    rows = "packed" if module.packed else "padded"
    log.info("%s: threads: %d, %s, %s rows", parts.task, threads, precision, rows)
    return Built(loaded, start, module, examples, sets, cut, threads, precision)
