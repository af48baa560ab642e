"""What the trainers of all stages have in common."""

import logging
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import lightning as L
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback

from rmexp.hardware.device import accelerator_type
from rmexp.hardware.precision import choose_precision, of_trainer
from rmexp.hardware.processes import this_process
from rmexp.hardware.threads import threads_kept, use_threads
from rmexp.models.attention.compiled import compiled_parts
from rmexp.models.backbones.four_bit import refuse_sharing
from rmexp.phases import Phase, phase
from rmexp.stages.parts import StageParts, TrainerParts
from rmexp.tracking.metrics_logger import MetricsCSV
from rmexp.tracking.trackers import Trackers
from rmexp.training.callbacks.checkpoints import DurableCheckpointIO, newest_valid
from rmexp.training.callbacks.frozen import FrozenWeights
from rmexp.training.callbacks.interruption import Interrupted, Signals
from rmexp.training.callbacks.progress import ValidationPhase
from rmexp.training.callbacks.saving import Saving
from rmexp.training.processes.environment import environments
from rmexp.training.processes.fully_sharded import FullySharded
from rmexp.training.processes.sharding import fill, whole_state, without_memory
from rmexp.training.processes.strategy import strategy_named
from rmexp.training.stage import StageModule

log = logging.getLogger(__name__)


def quiet_libraries() -> None:
    """Keep what Lightning and others print about themselves off the terminal."""
    for name in ("pytorch", "fabric"):
        logging.getLogger(f"lightning.{name}").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")  # advice on loaders and deprecations of its dependencies
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module")  # on views that nothing changes in place
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
        module: as the last step left it, whole also where its weights were shared out; then in the first process alone.
        seconds: that it trained.
    """

    trainer: L.Trainer
    module: Any
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
    """
    assert isinstance(module, L.LightningModule)
    checkpoint, signals = _checkpoint_of(folder), Signals()
    looking_on, frozen = watched(checkpoint), FrozenWeights(module)
    trainer = _trainer(parts, folder, precision, signals, looking_on, trackers, frozen)
    trackers.replay()
    trackers.steps_per_epoch = looking_on.metrics.steps_per_epoch
    strategy, whole = trainer.strategy, module
    if shares := isinstance(strategy, FullySharded):
        refuse_sharing(module)
        strategy.frozen, whole = frozen, without_memory(module)
    began = time.perf_counter()
    try:
        compiled = compiled_parts(parts.trainer.options.compiled)
        with phase(Phase.TRAINING, parts.task), signals, threads_kept(), compiled:
            trainer.fit(module, data, ckpt_path=checkpoint and str(checkpoint), weights_only=True)
    except Interrupted as interrupted:
        raise KeyboardInterrupt(str(interrupted)) from None
    if shares and (state := whole_state(module)):
        fill(whole, state)
    return Trained(trainer, whole, time.perf_counter() - began)


def _checkpoint_of(folder: Path) -> Path | None:
    """Where to go on from, when the folder holds an unfinished run."""
    path, damaged = newest_valid(folder / "checkpoints")
    for bad in damaged:
        log.info("checkpoint %s is damaged and left out", bad)
    if path is not None:
        log.info("going on from %s", path)
    return path


def _trainer(
    parts: StageParts,
    folder: Path,
    precision: str,
    signals: Signals,
    watched: Watched,
    trackers: Trackers,
    frozen: FrozenWeights,
) -> L.Trainer:
    """One long pass, with metrics.csv always and the trackers that there are."""
    saving = _saving(parts, folder / "checkpoints", signals)
    callbacks = [*watched.first, *parts.callbacks.others, ValidationPhase(), *watched.then, saving, *watched.last]
    process = this_process()
    options: dict[str, Any] = {**watched.options}
    if parts.trainer.strategy is not None:
        device = accelerator_type(parts.trainer.accelerator)
        options["strategy"] = strategy_named(parts.trainer.strategy, process.count, device)
    try:
        return parts.trainer.make(
            max_epochs=1,
            check_val_every_n_epoch=1,
            precision=of_trainer(precision),
            callbacks=callbacks,
            logger=[watched.metrics, trackers],
            plugins=[DurableCheckpointIO(frozen), *environments(process)],
            default_root_dir=folder,
            num_sanity_val_steps=0,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            **options,
        )
    except MisconfigurationException as error:
        raise ValueError(f"{error} (set trainer.*)") from error


def _saving(parts: StageParts, folder: Path, signals: Signals) -> Callback:
    """What ends a run that a signal stops, and saves where that is configured."""
    saving = parts.callbacks.saving
    make = partial(Saving, None, every_seconds=0.0) if saving is None else partial(saving, folder)
    return make(seed=parts.seed, signals=signals)


def computing(parts: TrainerParts, module: StageModule) -> tuple[int, str]:
    """Processor threads, which are set, and the precision that a module is trained in."""
    assert isinstance(module, L.LightningModule)
    threads = use_threads(parts.options.threads, module, this_process().count // parts.num_nodes)
    return threads, choose_precision(parts.options.precision, module, accelerator_type(parts.accelerator))
