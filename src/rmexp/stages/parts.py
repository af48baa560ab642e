"""What a stage is made of: what its configuration names, built as far as it can be without data and model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback, EarlyStopping
from torch.optim import Optimizer

from rmexp.models.backbones.backbone import Backbone
from rmexp.models.backbones.four_bit import FOUR_BIT
from rmexp.models.backbones.hub import hub
from rmexp.models.backbones.start import StartingFolders, StartingPoint, starting_folders
from rmexp.models.folders.folder import load_start
from rmexp.scoring.scorer import Scorer
from rmexp.training.data.loader import Passes
from rmexp.training.optimization import Schedule
from rmexp.training.ppo.policy_update import Learning
from rmexp.training.trainer_options import TrainerOptions

SAVING = "saving"  # name of the callback that writes checkpoints
SHARED, POLICY = "shared", "policy"  # value models besides folders


@dataclass(frozen=True)
class ModelParts:
    """The model to start from.

    Attributes:
        build: a new model, of (texts, seed).
        starting: how it starts, whatever its builder.
        load: the model in a folder or at a hub id, loaded as the model group says.
        path: folder or hub id that `build` reads; None where it makes new weights.
    """

    build: Callable[..., Backbone]
    starting: StartingPoint
    load: Callable[[str], Backbone]
    path: str | None


def model_parts(build: Callable[..., Backbone], starting: StartingPoint, path: str | None, seed: int) -> ModelParts:
    """The model to start from, and how a folder is loaded: as the builder reads its own, where it reads one.

    Args:
        build: a new model, of (texts, seed).
        starting: how it starts.
        path: folder or hub id that `build` reads; None where it makes new weights.
        seed: of weights that a folder lacks.
    """
    reader = partial(hub, dtype="float32", trust_remote_code=False) if path is None else build

    def read(folder: str) -> Backbone:
        return reader((), seed, path=folder, revision=None)

    return ModelParts(build, starting, partial(load_start, read), path)


@dataclass(frozen=True)
class TrainerParts:
    """The trainer.

    Attributes:
        make: a trainer, of further arguments of Lightning's.
        options: how long it trains and when it looks up.
        accelerator: that it was asked for.
        accumulate: batches of an optimizer step.
        gradient_limit: largest norm of a step's gradient; None leaves it.
        log_every_steps: between two steps whose figures are logged; 0 logs none.
        devices: of one machine.
        num_nodes: machines.
        strategy: Lightning's name of how they work together; None where an object was built for it.
    """

    make: Callable[..., L.Trainer]
    options: TrainerOptions
    accelerator: str
    accumulate: int
    gradient_limit: float | None
    log_every_steps: int
    devices: int | str | list[int]
    num_nodes: int
    strategy: str | None


@dataclass(frozen=True)
class CallbackParts:
    """The callbacks.

    Attributes:
        saving: writes checkpoints to go on from, of their folder; None writes none.
        others: ready for a trainer.
    """

    saving: Callable[..., Callback] | None
    others: tuple[Callback, ...]


def callback_parts(built: Mapping[str, Any]) -> CallbackParts:
    """Callbacks by their names.

    Raises:
        ValueError: one of them cannot be used here.
    """
    for name, callback in built.items():
        if isinstance(callback, EarlyStopping):
            raise ValueError(
                f"callbacks.{name}: Lightning's EarlyStopping looks at the ends of its own epochs, and a run is one of "
                "them (set trainer.patience instead)"
            )
    others = (callback for name, callback in built.items() if name != SAVING)
    return CallbackParts(built.get(SAVING), tuple(others))


@dataclass(frozen=True)
class PPOParts:
    """What only a policy needs that learns from its own samples.

    Attributes:
        learning: settings of an iteration.
        scorer: whose reward is learnt from, of limits and threads.
        gold: who knows the truth, likewise; None where nobody does.
        value_model: `shared`, `policy`, or the folder of a reward model.
    """

    learning: Learning
    scorer: Callable[..., Scorer]
    gold: Callable[..., Scorer] | None
    value_model: str


@dataclass(frozen=True)
class StageParts:
    """All of it.

    Attributes:
        task: that is trained.
        seed: of everything random.
        model: to start from.
        module: what trains it, of the model and the parts that it learns by.
        loss: of pairs or responses; None for PPO, which has its own.
        optimizer: of the parameters.
        schedule: factor of the learning rate.
        trainer: that runs the module.
        callbacks: of the trainer.
        ppo: None for a stage that learns from given examples.
    """

    task: str
    seed: int
    model: ModelParts
    module: Callable[..., Any]
    loss: Callable[..., Any] | None
    optimizer: Callable[..., Optimizer]
    schedule: Schedule
    trainer: TrainerParts
    callbacks: CallbackParts
    ppo: PPOParts | None

    @property
    def folders(self) -> StartingFolders:
        """The models that it reads."""
        starting = self.model.starting
        return starting_folders(self.task, starting.init_from, starting.reference)

    @property
    def reference(self) -> str | None:
        """Folder of the model that a policy is measured against; None where the run leaves it itself.

        A policy that starts in 4 bits is measured against its start in 4 bits.
        """
        folders = self.folders
        rounded = self.model.starting.load == FOUR_BIT and folders.reference == folders.start
        return None if rounded else folders.reference

    @property
    def passes(self) -> Passes:
        """Over the training split."""
        options = self.trainer.options
        max_batches = options.max_steps and options.max_steps * self.trainer.accumulate
        return Passes(options.max_epochs, self.seed, max_batches, options.workers)

    def starting_from(self, folder: str) -> "StageParts":
        """The same with a reference, which it starts from."""
        return replace(self, model=replace(self.model, starting=replace(self.model.starting, reference=folder)))


def check_settings(task: str, ppo: PPOParts, trainer: TrainerParts, max_tokens: int) -> None:
    """Refuse settings that do not fit each other; each is in its own range already.

    Args:
        task: for messages.
        ppo: settings of its own.
        trainer: that runs it.
        max_tokens: of prompt and response together.

    Raises:
        ValueError: naming the key to change.
    """
    learning, value_model = ppo.learning, ppo.value_model
    rollouts, estimator = learning.rollouts, learning.estimator
    if rollouts.samples % estimator.responses:
        raise ValueError(
            f"rollouts.samples must be a multiple of estimator.responses={estimator.responses}, got {rollouts.samples}"
        )
    if rollouts.max_new_tokens >= max_tokens:
        raise ValueError(
            f"rollouts.max_new_tokens must be below data.max_tokens={max_tokens}, got {rollouts.max_new_tokens}"
        )
    if learning.update.minibatches > rollouts.samples:
        raise ValueError(
            f"update.minibatches must be at most rollouts.samples={rollouts.samples}, got {learning.update.minibatches}"
        )
    _check_value_model(value_model, uses_values=estimator.uses_values)
    if trainer.accumulate != 1:
        raise ValueError(
            f"trainer.accumulate_grad_batches must be 1 for task={task}, got {trainer.accumulate} "
            "(update.minibatches says how large a step is)"
        )


def _check_value_model(value_model: str, *, uses_values: bool) -> None:
    if value_model != SHARED and not uses_values:
        raise ValueError(
            f"value_model={value_model} is for estimator=gae; this estimator has no value model "
            f"(set value_model={SHARED} or estimator=gae)"
        )
    if value_model not in (SHARED, POLICY) and not Path(value_model).is_dir():
        raise ValueError(f"value_model must be {SHARED}, {POLICY} or the folder of a reward model, got {value_model}")
