"""What a stage is made of, built as its configuration says."""

from typing import TYPE_CHECKING, cast

from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build, framed
from rmexp.models.backbones.start import starting_folders

if TYPE_CHECKING:
    from rmexp.stages.parts import StageParts, TrainerParts


def stage_parts(config: DictConfig) -> "StageParts":
    """What a stage is made of; everything heavy is imported from here.

    Args:
        config: of the stage.

    Raises:
        ValueError: a setting is out of its range, or does not fit another one.
    """
    from rmexp.models.backbones.four_bit import check_load
    from rmexp.stages.parts import PPOParts, StageParts, callback_parts, check_settings, model_parts
    from rmexp.training.ppo.policy_update import Learning

    node = _with_path(config.model, config.task)
    check_load(node.load, node.trained, config.task)
    make_model, starting = framed("model", node)
    trainer = _trainer_parts(config.trainer)
    names = ["module", "loss", "optimizer", "schedule", "callbacks"]
    names += [*Learning._fields, "scorer", "gold"] if config.task == "ppo" else []
    built = {name: build(config[name]) for name in names if name in config}
    model = model_parts(make_model(), starting, node.path if "path" in node else None, config.seed)
    callbacks, ppo = callback_parts(built["callbacks"] or {}), None
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


def _trainer_parts(node: DictConfig) -> "TrainerParts":
    from rmexp.stages.parts import TrainerParts

    make_trainer, options = framed("trainer", node)
    return TrainerParts(
        make=make_trainer(),
        options=options,
        accelerator=node.accelerator,
        accumulate=node.accumulate_grad_batches,
        gradient_limit=node.gradient_clip_val,
        log_every_steps=node.log_every_n_steps,
        devices=list(node.devices) if OmegaConf.is_list(node.devices) else node.devices,
        num_nodes=node.num_nodes,
        strategy=node.strategy if isinstance(node.strategy, str) else None,
    )


def _with_path(model: DictConfig, task: str) -> DictConfig:
    """A node of the model group whose path is given where nobody needs it."""
    if not OmegaConf.is_missing(model, "path"):
        return model
    start = starting_folders(task, model.init_from, model.reference).start
    return cast(DictConfig, OmegaConf.merge(model, {"path": start}))
