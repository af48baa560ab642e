"""What a stage is made of, built as its configuration says."""

from typing import TYPE_CHECKING, NamedTuple, cast

from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build, framed

if TYPE_CHECKING:
    from rmexp.stages.parts import StageParts


def stage_parts(config: DictConfig) -> "StageParts":
    """What a stage is made of; everything heavy is imported from here.

    Args:
        config: of the stage.

    Raises:
        ValueError: a setting is out of its range, or does not fit another one.
    """
    from rmexp.models.backbones.four_bit import check_load
    from rmexp.stages.parts import PPOParts, StageParts, TrainerParts, callback_parts, check_settings, model_parts
    from rmexp.training.ppo.policy_update import Learning

    node, settings = _with_path(config.model), _trainer_settings(config.trainer)
    check_load(node.load, node.trained, config.task)
    make_model, starting = framed("model", node)
    make_trainer, options = framed("trainer", config.trainer)
    names = ["module", "loss", "optimizer", "schedule", "callbacks"]
    names += [*Learning._fields, "scorer", "gold"] if config.task == "ppo" else []
    built = {name: build(config[name]) for name in names if name in config}
    trainer = TrainerParts(make_trainer(), options, *settings)
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


class _TrainerSettings(NamedTuple):
    """What the trainer is asked for, as plain values; see `TrainerParts`."""

    accelerator: str
    accumulate: int
    gradient_limit: float | None
    log_every_steps: int
    devices: int | str | list[int]
    num_nodes: int
    strategy: str | None


def _trainer_settings(node: DictConfig) -> _TrainerSettings:
    return _TrainerSettings(
        node.accelerator,
        node.accumulate_grad_batches,
        node.gradient_clip_val,
        node.log_every_n_steps,
        list(node.devices) if OmegaConf.is_list(node.devices) else node.devices,
        node.num_nodes,
        node.strategy if isinstance(node.strategy, str) else None,
    )


def _with_path(model: DictConfig) -> DictConfig:
    """A node of the model group whose path is given where nobody needs it."""
    if not OmegaConf.is_missing(model, "path"):
        return model
    return cast(DictConfig, OmegaConf.merge(model, {"path": model.init_from or model.reference}))
