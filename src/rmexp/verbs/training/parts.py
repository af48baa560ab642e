"""What a stage is made of, built as its configuration says."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build, framed
from rmexp.models.backbones.start import StartingPoint

if TYPE_CHECKING:
    from lightning import Trainer

    from rmexp.models.backbones.backbone import Backbone
    from rmexp.stages.parts import CallbackParts, ModelParts, StageParts, TrainerParts
    from rmexp.training.trainer_options import TrainerOptions


def stage_parts(config: DictConfig) -> "StageParts":
    """What a stage is made of; everything heavy is imported from here.

    Args:
        config: of the stage.

    Raises:
        ValueError: a setting is out of its range, or does not fit another one.
    """
    from rmexp.models.backbones.four_bit import check_load
    from rmexp.stages.parts import PPOParts, StageParts, check_settings
    from rmexp.training.ppo.policy_update import Learning

    node = config.model
    check_load(node.load, node.trained, config.task)
    if OmegaConf.is_missing(node, "path"):  # and nobody needs it
        node = OmegaConf.merge(node, {"path": node.init_from or node.reference})
    make_model, starting = framed("model", node)
    make_trainer, options = framed("trainer", config.trainer)
    names = ["module", "loss", "optimizer", "schedule", "callbacks"]
    names += [*Learning._fields, "scorer", "gold"] if config.task == "ppo" else []
    built = {name: build(config[name]) for name in names if name in config}
    trainer = _trainer(config.trainer, make_trainer(), options)
    model = _model(node, make_model(), starting, config.seed)
    callbacks, ppo = _callbacks(built["callbacks"] or {}), None
    if config.task == "ppo":
        learning = Learning(*(built[name] for name in Learning._fields))
        ppo = PPOParts(learning, built["scorer"], built["gold"], config.value_model)
        check_settings(config.task, ppo, trainer, config.data.max_tokens)
    return StageParts(
        task=config.task,
        seed=config.seed,
        model=model,
        module=built["module"],
        loss=built.get("loss"),
        optimizer=built["optimizer"],
        schedule=built["schedule"],
        trainer=trainer,
        callbacks=callbacks,
        ppo=ppo,
    )


def _model(node: DictConfig, builder: Callable[..., "Backbone"], starting: StartingPoint, seed: int) -> "ModelParts":
    from rmexp.models.backbones.hub import hub
    from rmexp.models.folders.folder import load_start
    from rmexp.stages.parts import ModelParts

    path = node.path if "path" in node else None
    reader = partial(hub, dtype="float32", trust_remote_code=False) if path is None else builder

    def read(folder: str) -> "Backbone":
        start: Backbone = reader((), seed, path=folder, revision=None)
        return start

    return ModelParts(builder, starting, partial(load_start, read), path)


def _trainer(node: DictConfig, make: Callable[..., "Trainer"], options: "TrainerOptions") -> "TrainerParts":
    from rmexp.stages.parts import TrainerParts

    settings = (node.accelerator, node.accumulate_grad_batches, node.gradient_clip_val, node.log_every_n_steps)
    devices = list(node.devices) if OmegaConf.is_list(node.devices) else node.devices
    strategy = node.strategy if isinstance(node.strategy, str) else None
    return TrainerParts(make, options, *settings, devices, node.num_nodes, strategy)


def _callbacks(built: dict[str, Any]) -> "CallbackParts":
    from lightning.pytorch.callbacks import EarlyStopping

    from rmexp.stages.parts import CallbackParts

    for name, callback in built.items():
        if isinstance(callback, EarlyStopping):
            raise ValueError(
                f"callbacks.{name}: Lightning's EarlyStopping looks at the ends of its own epochs, and a run is one of "
                "them (set trainer.patience instead)"
            )
    saving = built.pop("saving", None)
    return CallbackParts(saving, tuple(built.values()))
