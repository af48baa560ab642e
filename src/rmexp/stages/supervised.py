"""A stage that learns from given examples, an SFT reference, a reward model or a DPO policy: built, run, summarised."""

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from rmexp.data.loaded import LoadedData
from rmexp.encoding.splits import EncodedPairs
from rmexp.hardware.device import accelerator_type
from rmexp.hardware.group import from_first
from rmexp.hardware.processes import this_process
from rmexp.jsonl import write_rows
from rmexp.models.backbones.four_bit import FOUR_BIT, dequantise
from rmexp.preference_data import PreferenceData
from rmexp.runs.folder import RunFolder
from rmexp.runs.results import SAMPLES
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import TrainSummary
from rmexp.scoring.scorer import Scorer
from rmexp.stages.as_saved import FLOAT32, as_trained, known_rewards, weights_as_saved
from rmexp.stages.built import Built, build_stage
from rmexp.stages.held_out import evaluation_rows, judged, samples, score_sets, stage_scorer
from rmexp.stages.kept import keep_weights
from rmexp.stages.model_folders import (
    StageModel,
    leave_model,
    promise_alike,
    save_adapter_alone,
    save_model,
    seen_before,
    seen_by,
)
from rmexp.stages.parts import StageParts
from rmexp.stages.remarks import equal_loss
from rmexp.stages.summary import Fitted, stage_summary
from rmexp.stages.together import together
from rmexp.stages.trainer import Trained, Watched, train
from rmexp.stages.watchers import Watchers, validation_rewards, watchers
from rmexp.stored_records import stored
from rmexp.tracking.doubts import Doubts
from rmexp.tracking.metrics_logger import MetricsCSV
from rmexp.tracking.trackers import Trackers
from rmexp.training.callbacks.checkpoints import step_of
from rmexp.training.callbacks.epochs import Epochs
from rmexp.training.dpo import DPOModule
from rmexp.training.processes.same_run import SameRun


def fit(
    parts: StageParts, loaded: LoadedData, tests: Mapping[str, LoadedData], run: RunFolder, trackers: Trackers
) -> TrainSummary | None:
    """Train a stage, leave its model in the run folder and score with it whatever it did not learn from.

    Args:
        parts: that the stage is made of.
        loaded: data with a training and a validation split.
        tests: further data sets, whose held-out pairs are scored too.
        run: where everything goes.
        trackers: that are told.

    Returns:
        The figures of summary.json, but for the seconds of all; None in a process that follows another one.

    Raises:
        KeyboardInterrupt: a signal stopped the run; what is done is saved.
    """
    began = (time.perf_counter(), time.process_time())
    with together(parts.trainer, run):
        built = build_stage(parts, loaded, tests)
        watch = watchers(parts, built, run.path / "checkpoints")
        trained = _trained(parts, built, run, trackers, watch)
        built, steps = built._replace(module=trained.module), trained.trainer.global_step
        fitted = None if this_process().number else _left(parts, built, run, watch, steps, began)
        scorer = _scorer(parts, built, run, from_first(fitted and fitted.kept.step))
        score_sets(scorer, built.sets, run.path)
    if fitted is None:
        return None
    evaluation = _evaluated(scorer, built, run)
    return stage_summary(parts.task, built, fitted, evaluation)


def _left(
    parts: StageParts, built: Built, run: RunFolder, watch: Watchers, steps: int, began: tuple[float, float]
) -> Fitted:
    """Leave the model in the run folder."""
    seen = seen_by(parts, _learnt_from(built))
    kept = keep_weights(built, run.path, parts.trainer.options, watch.kept, steps, seen)
    dequantise(built.module.model)  # not before the last checkpoint was read, which has no whole base
    save_adapter_alone(parts, built.module, built.start, run.path / "adapter")
    device = accelerator_type(parts.trainer.accelerator)
    validated = weights_as_saved(built, device)
    with as_trained(built, device):
        fields = built.module.contract_fields(built.examples.train)
    model = leave_model(run.model, StageModel(built.module, built.start, built.max_tokens, fields, seen))
    promise_alike(run.path / "adapter", run.model)
    seconds = (time.perf_counter() - began[0], time.process_time() - began[1])
    return Fitted(model, steps, watch.throughput, *seconds, kept, watch.nonfinite.skipped, validated)


def _learnt_from(built: Built) -> PreferenceData:
    """The records without pairs that nothing was learnt from: too long, alike once cut, or not validated with."""
    records, examples = built.loaded.records, built.examples
    splits = {
        name: stored(records.splits[name]).of(encoded.places)
        for name, encoded in (("train", examples.train), ("val", examples.val))
        if isinstance(encoded, EncodedPairs) and len(encoded) < len(records.splits.get(name, ()))
    }
    return replace(records, splits={**records.splits, **splits})


def _trained(parts: StageParts, built: Built, run: RunFolder, trackers: Trackers, watch: Watchers) -> Trained:
    """Run all steps that are still to be done."""
    if built.module.relative and parts.reference is None and not this_process().number:
        rounded = parts.model.starting.save_dtype is not None  # not what a policy was measured against
        start = built.start._replace(save_dtype=FLOAT32) if rounded else built.start
        model = StageModel(built.module, start, built.max_tokens, {}, seen_before(parts))
        left = save_model(run.path / "reference", model)
        if isinstance(built.module, DPOModule) and parts.model.starting.load == FOUR_BIT:
            built.module.reference = left  # and not the folder that it started from: in 4 bits it is another model
    watched = partial(_watched, parts, built, run, watch)
    return train(parts, run.path, built.module, built.examples.data, built.precision, watched, trackers)


def _watched(parts: StageParts, built: Built, run: RunFolder, watch: Watchers, checkpoint: Path | None) -> Watched:
    """One long pass over all epochs; only the process that leads writes."""
    batches, done = built.examples.data.train_dataloader().steps_per_epoch, step_of(checkpoint)
    every, accumulate = parts.trainer.options.validate_every_steps, parts.trainer.accumulate
    leads, doubts = not this_process().number, Doubts(partial(equal_loss, built))
    same = SameRun(run.config.text, run.inputs, done, run.config.differences)
    rewards = [validation_rewards(built, run.path, done)] if leads else []
    return Watched(
        metrics=MetricsCSV(run.path / "metrics.csv" if leads else None, batches / accumulate, done, doubts=doubts),
        first=(same, Epochs(batches, every and every * accumulate)),
        then=(watch.nonfinite, *rewards, watch.throughput),
        last=(watch.kept,),
    )


def _scorer(parts: StageParts, built: Built, run: RunFolder, step: int | None) -> Scorer | None:
    """What scores with the finished model; None where there is nothing to be scored."""
    if not built.sets:
        return None
    assert step is not None
    threads, known = parts.trainer.options.threads, known_rewards(parts, built, run.path, step)
    return stage_scorer(built.module, parts.reference, built.loaded.limits, threads, run.path, known)


def _evaluated(scorer: Scorer | None, built: Built, run: RunFolder) -> list[HeldOutRow]:
    """Rows of figures of all pairs that were not learnt from; none of a stage that learns no preferences."""
    if scorer is None:
        return []
    held_out = judged(scorer, built.sets, run.path)
    write_rows(run.path / SAMPLES, (row for one in held_out for row in samples(one.judgement)))
    return evaluation_rows(held_out, built.cut)
