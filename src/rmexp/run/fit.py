"""One stage of training inside a claimed run folder; everything heavy is imported from here."""

import logging
import math
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ProgressBar
from omegaconf import DictConfig

from rmexp.config.build import build, build_framed
from rmexp.data.encode import Encoder
from rmexp.metrics.pair_figures import PairFigures
from rmexp.models.adapter import save_adapter
from rmexp.models.backbone import Backbone
from rmexp.models.chat_template import check_same_template
from rmexp.models.compiled import compiled_operations
from rmexp.models.decoder_layers import check_compilable
from rmexp.models.device import accelerator_type
from rmexp.models.language_model import LanguageModel, check_positions
from rmexp.models.precision import choose_precision
from rmexp.models.threads import use_threads
from rmexp.run.data import LoadedData
from rmexp.run.examples import encoded_examples
from rmexp.run.held_out import cut_to_fit, evaluate, evaluation_sets, learns_preferences, samples, stage_scorer
from rmexp.run.stage_model import parameters, save_model, start_model
from rmexp.run.stage_trainer import checkpoint_of, quiet_libraries, trackers
from rmexp.runs.environment import peak_memory_mb
from rmexp.runs.folder import RunFolder
from rmexp.scoring.responses import scoring_encoder
from rmexp.statistics.shares import wilson
from rmexp.training.checkpoints import LAST, DurableCheckpointIO, callback_state, step_of
from rmexp.training.demonstration_data import DemonstrationData
from rmexp.training.epochs import Epochs
from rmexp.training.interruption import Interrupted, Signals
from rmexp.training.loader import Passes
from rmexp.training.metrics_csv import MetricsCSV
from rmexp.training.pace import Pace
from rmexp.training.pair_data import PairData
from rmexp.training.saving import Saving
from rmexp.training.stage import TrainingModule
from rmexp.training.throughput import Throughput
from rmexp.training.tracking import closed_wandb, log_figures, log_samples
from rmexp.training.validation_rewards import ValidationRewards

log = logging.getLogger(__name__)


def fit(config: DictConfig, loaded: LoadedData, tests: Mapping[str, LoadedData], run: RunFolder) -> dict[str, Any]:
    """Train a stage, leave its model in the run folder and score with it whatever it did not learn from.

    Args:
        config: of the stage.
        loaded: data with a training and a validation split.
        tests: further data sets, whose held-out pairs are scored too.
        run: where everything goes.

    Returns:
        The figures of summary.json.

    Raises:
        KeyboardInterrupt: a signal stopped the run; what is done is saved.
    """
    with closed_wandb():
        summary = _fit(config, loaded, tests, run)
        log_figures(summary)
    return summary


def _fit(config: DictConfig, loaded: LoadedData, tests: Mapping[str, LoadedData], run: RunFolder) -> dict[str, Any]:
    began, cpu_began = time.perf_counter(), time.process_time()
    quiet_libraries()
    L.seed_everything(config.seed, verbose=False)
    start = start_model(config, loaded.records)
    check_positions(start.body, loaded.loading.max_tokens)
    module = _module(config, start)
    assert isinstance(module, L.LightningModule)
    if module.relative and config.model.reference is not None:
        check_same_template(config.model.reference, start.tokenizer)
    encoder = Encoder(start.tokenizer, loaded.loading)
    examples = encoded_examples(config.task, module.learns_from, loaded.records, encoder)
    sets = evaluation_sets(loaded, tests) if learns_preferences(module) else []
    cut = cut_to_fit(sets, scoring_encoder(start.tokenizer, loaded.loading))
    make_trainer, pace = build_framed("trainer", config.trainer)
    threads = use_threads(pace.threads, module)
    precision = choose_precision(pace.precision, module, accelerator_type(config.trainer.accelerator))
    packed = module.packed
    if pace.compile:
        check_compilable(start.body, packed)
    max_batches = pace.max_steps and pace.max_steps * config.trainer.accumulate_grad_batches
    passes = Passes(pace.max_epochs, config.seed, max_batches, pace.workers)
    data = examples.data(loaded.loading, passes, packed=packed)
    rows = "packed" if packed else "padded"
    counts = (len(examples.train), len(examples.val), examples.kind)
    log.info("%s: %d training and %d validation %s", config.task, *counts)
    log.info("%s: threads: %d, %s, %s rows", config.task, threads, precision, rows)
    checkpoint = checkpoint_of(run)
    throughput, signals = Throughput(), Signals()
    make_trainer = partial(make_trainer, precision=precision)
    trainer = _trainer(config, make_trainer, pace, data, run, checkpoint, signals, [throughput])
    if module.relative and start.fingerprint is None:
        save_model(run, "reference", module, start, loaded.loading.max_tokens, {})
    try:
        with signals, compiled_operations(pace.compile):
            trainer.fit(module, data, ckpt_path=checkpoint and str(checkpoint), weights_only=True)
    except Interrupted as interrupted:
        raise KeyboardInterrupt(f"{interrupted}; the same command goes on from there") from None
    steps = _steps(trainer, run, throughput)
    fingerprint = save_model(run, "model", module, start, loaded.loading.max_tokens, module.contract_fields(data.train))
    _save_adapter(config, module, start, run)
    trained, cpu_trained = time.perf_counter(), time.process_time()
    evaluation = []
    if sets:
        scorer = stage_scorer(module, config.model.reference, loaded.loading, pace.threads, run.path)
        evaluation = evaluate(scorer, sets, cut, run.path)
        log_samples([row for part in sets for row in samples(part, run.path)])
    return {
        "task": config.task,
        "model": {"path": str(run.model), "fingerprint": fingerprint, "parameters": parameters(module)},
        "steps": steps,
        "epochs": round(throughput.examples / len(examples.train), 4),
        **examples.summary(),
        "bad_rows": sum(len(part.records.bad_rows) for part in (loaded, *tests.values())),
        "leaks": dict(loaded.leaks),
        **throughput.per_second(),
        "threads": threads,
        "precision": precision,
        "rows": rows,
        "peak_memory_mb": peak_memory_mb(),
        "train_seconds": round(trained - began, 2),
        "train_cpu_seconds": round(cpu_trained - cpu_began, 2),
        "train": {"n": _counted(module.train_figures, examples.kind), **_finite(module.train_figures.compute())},
        "val": _validation(module, len(examples.val)),
        "evaluation": evaluation,
        "seconds": round(time.perf_counter() - began, 2),
    }


def _steps(trainer: L.Trainer, run: RunFolder, throughput: Throughput) -> int:
    """Optimizer steps of the whole run; with the throughput of ranks that were processes of their own."""
    if trainer.strategy.launcher is None:
        return trainer.global_step
    last = run.path / "checkpoints" / LAST
    throughput.load_state_dict(callback_state(last, "Throughput"))
    return step_of(last)


def _save_adapter(config: DictConfig, module: TrainingModule, start: Backbone, run: RunFolder) -> None:
    """Leave adapters by themselves too, where a folder or a name on the hub is what they adapt."""
    base = config.model.reference or ("path" in config.model and config.model.path)
    if config.model.trained == "adapters" and base and isinstance(start, LanguageModel):
        save_adapter(run.path / "adapter", module.model, base, start.revision, start.tokenizer)


def _module(config: DictConfig, start: Backbone) -> TrainingModule:
    """The LightningModule of the task on the model to start from."""
    parts = {name: build(config[name]) for name in ("loss", "optimizer", "schedule")}
    return build(config.module, start=start, **parts)()  # type: ignore[no-any-return]


def _trainer(
    config: DictConfig,
    make_trainer: Any,
    pace: Pace,
    data: PairData | DemonstrationData,
    run: RunFolder,
    checkpoint: Path | None,
    signals: Signals,
    callbacks: list[Any],
) -> L.Trainer:
    """The trainer: one long pass over all epochs, metrics.csv always, the configured callbacks and logger."""
    batches = data.train_dataloader().steps_per_epoch
    accumulate = config.trainer.accumulate_grad_batches
    loggers: list[Any] = [MetricsCSV(run.path / "metrics.csv", batches / accumulate, step_of(checkpoint))]
    callbacks = [*callbacks, ValidationRewards(run.path, step_of(checkpoint))]
    loggers += trackers(config, run)
    every = pace.validate_every_steps
    configured = build(config.callbacks)
    best, saving = (configured.pop(name, None) for name in ("checkpoint", "saving"))
    folder = run.path / "checkpoints"
    stop = partial(Saving, None, every_seconds=0.0) if saving is None else partial(saving, folder)
    callbacks = [*callbacks, stop(seed=config.seed, signals=signals), *([best(folder)] if best is not None else [])]
    return make_trainer(  # type: ignore[no-any-return]
        max_epochs=1,
        callbacks=[Epochs(batches, every and every * accumulate), *configured.values(), *callbacks],
        logger=loggers,
        plugins=[DurableCheckpointIO()],
        default_root_dir=run.path,
        num_sanity_val_steps=0,
        enable_progress_bar=any(isinstance(callback, ProgressBar) for callback in configured.values()),
        enable_model_summary=False,
        enable_checkpointing=best is not None,
        check_val_every_n_epoch=1,
    )


def _counted(figures: PairFigures, kind: str) -> int:
    """Pairs with a label, or demonstrations, that running figures are of."""
    return int(figures.accuracy.pairs if kind == "pairs" else figures.loss.weight)


def _validation(module: TrainingModule, pairs: int) -> dict[str, Any]:
    figures = module.val_figures.compute()
    counted = int(module.val_figures.accuracy.pairs)
    low, high = wilson(float(module.val_figures.accuracy.correct), counted) if counted else (None, None)
    return {"n": pairs, **_finite(figures), "accuracy_low": low, "accuracy_high": high}


def _finite(figures: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}
