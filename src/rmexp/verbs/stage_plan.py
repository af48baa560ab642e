"""From the configuration of a stage to what is asked of `stages/`: nothing behind this file knows Hydra."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build, framed
from rmexp.config.identity.saved import run_config
from rmexp.config.stages import stage
from rmexp.config.tracked import trackers_of
from rmexp.data.loaded import LoadedData
from rmexp.models.backbones.location import model_inputs
from rmexp.models.backbones.start import StartingFolders, StartingPoint, starting_folders
from rmexp.models.folders.chat_template import template_fingerprint
from rmexp.runs.folder import RunConfig
from rmexp.stages.plan import StagePlan
from rmexp.verbs.scorers import scorer_inputs

if TYPE_CHECKING:
    from lightning import Trainer

    from rmexp.models.backbones.backbone import Backbone
    from rmexp.stages.parts import CallbackParts, ModelParts, StageParts, TrainerParts
    from rmexp.training.trainer_options import TrainerOptions


def stage_plan(config: DictConfig, bound: RunConfig, data: LoadedData, tests: Mapping[str, LoadedData]) -> StagePlan:
    """A stage as its configuration asks for it; PPO without a model to start from asks for that, too.

    Args:
        config: of the stage.
        bound: the same as plain values.
        data: that it learns from.
        tests: further data sets, whose held-out pairs are scored too.
    """
    folders = starting_folders(config.task, config.model.init_from, config.model.reference)
    reference = None
    if config.task == "ppo" and folders.start is None:
        sft = stage(config, "sft")
        reference = stage_plan(sft, run_config(sft), data, {})
    inputs: dict[str, str | None] = {"data": data.fingerprint}
    inputs |= {f"tests.{name}": test.fingerprint for name, test in tests.items()}
    return StagePlan(
        task=config.task,
        config=bound,
        inputs=inputs | _read(config, folders),
        parts=partial(stage_parts, config),
        trackers=partial(trackers_of, config),
        reference=reference,
    )


def _read(config: DictConfig, folders: StartingFolders) -> dict[str, str | None]:
    """Fingerprints of the models and files that a configuration names."""
    start, measured = folders.start, folders.reference or folders.start
    models = {"reference": measured}
    if start not in (None, measured):
        models["init_from"] = start
    if start is None and "path" in config.model:
        models["model"] = config.model.path
    inputs = {key: found for name, folder in models.items() for key, found in model_inputs(name, folder).items()}
    inputs |= scorer_inputs({name: config.get(name) for name in ("scorer", "gold")})
    if config.get("value_model") not in (None, "shared", "policy"):
        inputs |= model_inputs("value_model", config.value_model)
    template = template_fingerprint(config.model.chat_template)
    return inputs if template is None else inputs | {"chat_template": template}


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
        start = starting_folders(config.task, node.init_from, node.reference).start
        node = OmegaConf.merge(node, {"path": start})
    make_model, starting = framed("model", node)
    make_trainer, options = framed("trainer", config.trainer)
    names = ["module", "loss", "optimizer", "schedule", "callbacks"]
    names += [*Learning._fields, "scorer", "gold"] if config.task == "ppo" else []
    built = {name: build(config[name]) for name in names if name in config}
    trainer, ppo = _trainer(config.trainer, make_trainer(), options), None
    if config.task == "ppo":
        learning = Learning(*(built[name] for name in Learning._fields))
        ppo = PPOParts(learning, built["scorer"], built["gold"], config.value_model)
        check_settings(config.task, ppo, trainer, config.data.max_tokens)
    return StageParts(
        task=config.task,
        seed=config.seed,
        model=_model(node, make_model(), starting, config.seed),
        module=built["module"],
        loss=built.get("loss"),
        optimizer=built["optimizer"],
        schedule=built["schedule"],
        trainer=trainer,
        callbacks=_callbacks(built["callbacks"] or {}),
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
