"""From the configuration of a stage to what is asked of `stages/`: nothing behind this file knows Hydra."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build, framed
from rmexp.config.identity.saved import run_config
from rmexp.config.stages import stage
from rmexp.config.tracked import trackers_of
from rmexp.data.loaded import LoadedData
from rmexp.models.backbones.location import model_inputs
from rmexp.models.backbones.start import StartingFolders, starting_folders
from rmexp.models.folders.chat_template import template_fingerprint
from rmexp.runs.folder import RunConfig
from rmexp.stages.plan import StagePlan
from rmexp.verbs.scorers import scorer_inputs

if TYPE_CHECKING:
    from rmexp.models.backbones.backbone import Backbone
    from rmexp.stages.parts import CallbackParts, ModelParts, PPOParts, StageParts, TrainerParts


def stage_plan(config: DictConfig, bound: RunConfig, data: LoadedData, tests: Mapping[str, LoadedData]) -> StagePlan:
    """A stage as its configuration asks for it; PPO without a model to start from asks for that, too.

    Args:
        config: of the stage.
        bound: the same as plain values.
        data: that it learns from.
        tests: further data sets, whose held-out pairs are scored too.
    """
    reference = stage(config, "sft") if config.task == "ppo" and _folders(config).start is None else None
    return StagePlan(
        task=config.task,
        config=bound,
        inputs=stage_inputs(config, data, tests),
        parts=partial(stage_parts, config),
        trackers=partial(trackers_of, config),
        reference=None if reference is None else stage_plan(reference, run_config(reference), data, {}),
    )


def stage_inputs(config: DictConfig, data: LoadedData, tests: Mapping[str, LoadedData]) -> dict[str, str | None]:
    """Fingerprints of what a stage is made from and its configuration only names."""
    inputs: dict[str, str | None] = {"data": data.fingerprint}
    inputs |= {f"tests.{name}": test.fingerprint for name, test in tests.items()}
    start, reference = _folders(config)
    measured = reference or start
    inputs |= model_inputs("reference", measured)
    if start not in (None, measured):
        inputs |= model_inputs("init_from", str(start))
    if start is None and "path" in config.model:
        inputs |= model_inputs("model", config.model.path)
    inputs |= scorer_inputs({name: config.get(name) for name in ("scorer", "gold")})
    if config.get("value_model") not in (None, "shared", "policy"):
        inputs |= model_inputs("value_model", config.value_model)
    template = template_fingerprint(config.model.chat_template)
    if template is not None:
        inputs["chat_template"] = template
    return inputs


def _folders(config: DictConfig) -> StartingFolders:
    return starting_folders(config.task, config.model.init_from, config.model.reference)


def stage_parts(config: DictConfig) -> "StageParts":
    """What a stage is made of; everything heavy is imported from here.

    Args:
        config: of the stage.

    Raises:
        ValueError: a setting is out of its range, or does not fit another one.
    """
    from rmexp.models.backbones.four_bit import check_load
    from rmexp.stages.parts import StageParts
    from rmexp.stages.ppo_settings import check_settings

    check_load(config.model.load, config.model.trained, config.task)
    parts = StageParts(
        task=config.task,
        seed=config.seed,
        model=_model(config),
        module=build(config.module),
        loss=build(config.loss) if "loss" in config else None,
        optimizer=build(config.optimizer),
        schedule=build(config.schedule),
        trainer=_trainer(config.trainer),
        callbacks=_callbacks(config.callbacks),
        ppo=_ppo(config) if config.task == "ppo" else None,
    )
    if parts.ppo is not None:
        check_settings(parts.task, parts.ppo, parts.trainer, config.data.max_tokens)
    return parts


def _model(config: DictConfig) -> "ModelParts":
    from rmexp.models.backbones.hub import hub
    from rmexp.models.folders.folder import load_start
    from rmexp.stages.parts import ModelParts

    node = config.model
    if OmegaConf.is_missing(node, "path"):  # and nobody needs it
        node = OmegaConf.merge(node, {"path": _folders(config).start})
    make, starting = framed("model", node)
    builder = make()
    path = node.path if "path" in node else None
    reader = partial(hub, dtype="float32", trust_remote_code=False) if path is None else builder

    def read(folder: str) -> "Backbone":
        start: Backbone = reader((), config.seed, path=folder, revision=None)
        return start

    return ModelParts(builder, starting, partial(load_start, read), path)


def _trainer(node: DictConfig) -> "TrainerParts":
    from rmexp.stages.parts import TrainerParts

    make, options = framed("trainer", node)
    settings = (node.accelerator, node.accumulate_grad_batches, node.gradient_clip_val, node.log_every_n_steps)
    devices = list(node.devices) if OmegaConf.is_list(node.devices) else node.devices
    strategy = node.strategy if isinstance(node.strategy, str) else None
    return TrainerParts(make(), options, *settings, devices, node.num_nodes, strategy)


def _callbacks(node: DictConfig) -> "CallbackParts":
    from lightning.pytorch.callbacks import EarlyStopping

    from rmexp.stages.parts import CallbackParts

    built = build(node) or {}
    for name, callback in built.items():
        if isinstance(callback, EarlyStopping):
            raise ValueError(
                f"callbacks.{name}: Lightning's EarlyStopping looks at the ends of its own epochs, and a run is one of "
                "them (set trainer.patience instead)"
            )
    saving = built.pop("saving", None)
    return CallbackParts(saving, tuple(built.values()))


def _ppo(config: DictConfig) -> "PPOParts":
    from rmexp.stages.parts import PPOParts
    from rmexp.training.ppo.module import Learning

    learning = Learning(*(build(config[name]) for name in Learning._fields))
    return PPOParts(learning, build(config.scorer), build(config.gold), config.value_model)
