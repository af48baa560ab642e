"""The models of a comparison: trained, found trained before, or given by path."""

import logging
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from rmexp.config.stages import stage, stage_names
from rmexp.data.loaded import LoadedData
from rmexp.hardware.device import device_count
from rmexp.models.backbones.start import RELATIVE
from rmexp.stages.obtain import Stage, obtain_stage
from rmexp.stages.refused import check_parts
from rmexp.training.dpo import implied_reward
from rmexp.verbs.comparing.given import given_reference
from rmexp.verbs.training.parts import stage_parts
from rmexp.verbs.training.plan import stage_plan

log = logging.getLogger(__name__)


def obtain_stages(config: DictConfig, data: LoadedData, path: Path) -> dict[str, Stage]:
    """SFT reference, then reward model and DPO policy, which both start from it, and PPO where it is asked for."""
    _refuse_bad_values(config)
    if config.model.reference is not None and config.model.init_from is not None:
        raise ValueError(
            "model.init_from is what the SFT reference is trained from, but model.reference gives it "
            "(set model.init_from=null)"
        )
    sft = _obtained(config, "sft", given_reference(config), config.model.init_from, data, path)
    others = {name: _obtained(config, name, config[name].path, sft.model, data, path) for name in ("reward", "dpo")}
    stages = {"sft": sft, **others}
    if "ppo" in config:
        config = config.copy()
        if OmegaConf.select(config, "ppo.scorer.path") == "reward":
            OmegaConf.update(config, "ppo.scorer.path", stages["reward"].model)
        stages["ppo"] = _obtained(config, "ppo", None, sft.model, data, path)
    return stages


def processes(config: DictConfig) -> int:
    """How many of this machine train each stage, and share what is scored."""
    trainer = stage_parts(stage(config, "reward")).trainer
    return device_count(trainer.accelerator, trainer.devices)


def _obtained(
    config: DictConfig, name: str, given: str | None, start: str | None, data: LoadedData, path: Path
) -> Stage:
    if given is not None:
        log.info("%s: given as %s", name, given)
        return Stage(name, given, None, None, reused=True)
    own = stage(config, name)
    relative = name in RELATIVE  # a policy is measured against what it starts from
    OmegaConf.update(own, "model.init_from", None if relative else start)
    OmegaConf.update(own, "model.reference", start if relative else None)
    return obtain_stage(stage_plan(own, data, {}), data, path)


def _refuse_bad_values(config: DictConfig) -> None:
    """What a later stage would refuse is refused before the first one has cost its minutes."""
    for name in stage_names(config):
        parts = stage_parts(stage(config, name))
        check_parts(parts, f"{name}.")
        if name == "dpo":
            assert parts.loss is not None
            implied_reward(parts.loss)
