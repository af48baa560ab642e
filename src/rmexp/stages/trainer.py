"""What the trainers of all stages have in common."""

import logging
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import lightning as L
from lightning.pytorch.callbacks import Callback
from torch.multiprocessing.spawn import ProcessRaisedException

from rmexp.hardware.device import accelerator_type
from rmexp.hardware.precision import choose_precision
from rmexp.hardware.threads import use_threads
from rmexp.models.attention.compiled import compiled_operations
from rmexp.phases import Phase, phase
from rmexp.stages.parts import StageParts, TrainerParts
from rmexp.tracking.metrics_csv import MetricsCSV
from rmexp.tracking.trackers import Trackers
from rmexp.training.callbacks.checkpoints import DurableCheckpointIO, newest_valid
from rmexp.training.callbacks.interruption import Interrupted, Signals
from rmexp.training.callbacks.progress import ValidationPhase
from rmexp.training.callbacks.saving import Saving
from rmexp.training.stage import StageModule

log = logging.getLogger(__name__)


def quiet_libraries() -> None:
    """Keep what Lightning and others print about themselves off the terminal."""
    for name in ("pytorch", "fabric"):
        logging.getLogger(f"lightning.{name}").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")  # advice on loaders and deprecations of its dependencies
    warnings.filterwarnings("ignore", module="torchmetrics")  # restored figures are not "updated" in its eyes


class Watched(NamedTuple):
    """What looks on while a stage is trained.

    Attributes:
        metrics: the file that every run has.
        options: further arguments of Lightning's trainer, in place of the configured ones.
        first: callbacks before those of the configuration.
        then: callbacks behind them.
        last: callbacks behind the one that saves.
    """

    metrics: MetricsCSV
    options: Mapping[str, bool | int | None] = MappingProxyType({})
    first: tuple[Callback, ...] = ()
    then: tuple[Callback, ...] = ()
    last: tuple[Callback, ...] = ()


class Trained(NamedTuple):
    """A trainer that is done.

    Attributes:
        trainer: Lightning's.
        seconds: that it trained.
    """

    trainer: L.Trainer
    seconds: float


def train(
    parts: StageParts,
    folder: Path,
    module: StageModule,
    data: L.LightningDataModule,
    precision: str,
    watched: Callable[[Path | None], Watched],
    trackers: Trackers,
) -> Trained:
    """Train to the end, from the newest checkpoint on.

    Args:
        parts: of the stage.
        folder: of the run.
        module: to be trained.
        data: that it learns from.
        precision: of computing.
        watched: what looks on, of the checkpoint to go on from.
        trackers: that are told.

    Raises:
        KeyboardInterrupt: a signal stopped the run; what is done is saved.
        ValueError: what a rank that is a process of its own has raised, in its words.
    """
    assert isinstance(module, L.LightningModule)
    checkpoint, signals = _checkpoint_of(folder), Signals()
    looking_on = watched(checkpoint)
    trainer = _trainer(parts, folder, precision, signals, looking_on, trackers)
    trackers.replay()
    trackers.steps_per_epoch = looking_on.metrics.steps_per_epoch
    began = time.perf_counter()
    try:
        watched_here = trainer.strategy.launcher is None  # else the ranks are processes of their own
        training = phase(Phase.TRAINING, parts.task, elsewhere=not watched_here)
        with training, signals, compiled_operations(parts.trainer.options.compile):
            trainer.fit(module, data, ckpt_path=checkpoint and str(checkpoint), weights_only=True)
    except ProcessRaisedException as error:
        raise ValueError(_of_rank(error)) from error
    except Interrupted as interrupted:
        raise KeyboardInterrupt(str(interrupted)) from None
    return Trained(trainer, time.perf_counter() - began)


def _of_rank(error: Exception) -> str:
    """What a rank, a process of its own, has raised: the last line of its traceback, without the type of our errors."""
    last = str(error).strip().splitlines()[-1]
    kind, _, message = last.partition(": ")
    return message if kind.startswith("rmexp.") or kind == "ValueError" else last


def _checkpoint_of(folder: Path) -> Path | None:
    """Where to go on from, when the folder holds an unfinished run."""
    path, damaged = newest_valid(folder / "checkpoints")
    for bad in damaged:
        log.info("checkpoint %s is damaged and left out", bad)
    if path is not None:
        log.info("going on from %s", path)
    return path


def _trainer(
    parts: StageParts, folder: Path, precision: str, signals: Signals, watched: Watched, trackers: Trackers
) -> L.Trainer:
    """One long pass, with metrics.csv always and the trackers that there are."""
    saving = _saving(parts, folder / "checkpoints", signals)
    callbacks = [*watched.first, *parts.callbacks.others, ValidationPhase(), *watched.then, saving, *watched.last]
    return parts.trainer.make(
        max_epochs=1,
        check_val_every_n_epoch=1,
        precision=precision,
        callbacks=callbacks,
        logger=[watched.metrics, trackers],
        plugins=[DurableCheckpointIO()],
        default_root_dir=folder,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        **watched.options,
    )


def _saving(parts: StageParts, folder: Path, signals: Signals) -> Callback:
    """What ends a run that a signal stops, and saves where that is configured."""
    saving = parts.callbacks.saving
    make = partial(Saving, None, every_seconds=0.0) if saving is None else partial(saving, folder)
    return make(seed=parts.seed, signals=signals)


def computing(parts: TrainerParts, module: StageModule) -> tuple[int, str]:
    """Processor threads, which are set, and the precision that a module is trained in."""
    assert isinstance(module, L.LightningModule)
    threads = use_threads(parts.options.threads, module)
    return threads, choose_precision(parts.options.precision, module, accelerator_type(parts.accelerator))
