"""From the configuration of a stage to what is asked of `stages/`: nothing behind this package knows Hydra."""

from collections.abc import Mapping
from functools import partial

from omegaconf import DictConfig

from rmexp.config.identity.saved import run_config
from rmexp.config.stages import stage
from rmexp.config.tracked import trackers_of
from rmexp.data.loaded import LoadedData
from rmexp.models.backbones.start import starting_folders
from rmexp.stages.plan import StagePlan
from rmexp.verbs.training.inputs import stage_inputs
from rmexp.verbs.training.parts import stage_parts

_TINY = "rmexp.models.backbones.tiny.tiny"  # which has no tokenizer before it learns one


def stage_plan(config: DictConfig, data: LoadedData, tests: Mapping[str, LoadedData]) -> StagePlan:
    """A stage as its configuration asks for it; PPO without a model to start from asks for that, too.

    Args:
        config: of the stage.
        data: that it learns from.
        tests: further data sets, whose held-out pairs are scored too.
    """
    folders = starting_folders(config.task, config.model.init_from, config.model.reference)
    reference = None
    if config.task == "ppo" and folders.start is None:
        reference = stage_plan(stage(config, "sft"), data, {})
    read = {"data": data.fingerprint} | {f"tests.{name}": test.fingerprint for name, test in tests.items()}
    return StagePlan(
        task=config.task,
        config=run_config(config),
        inputs=read | stage_inputs(config, folders),
        parts=partial(stage_parts, config),
        trackers=partial(trackers_of, config),
        vocabulary=config.model.vocabulary if folders.start is None and config.model._target_ == _TINY else None,
        reference=reference,
    )
