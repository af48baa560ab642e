"""The models of a comparison: trained, found trained before, or given by path."""

import json
import logging
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build
from rmexp.config.saved import differences, fingerprint
from rmexp.config.stages import stage, stage_names
from rmexp.durable import alone
from rmexp.run.data import LoadedData
from rmexp.run.ppo_parts import learning_of
from rmexp.run.train import stage_inputs, train_stage
from rmexp.runs.folder import CONFIG, SUMMARY
from rmexp.training.dpo import implied_reward

log = logging.getLogger(__name__)


class Stage(NamedTuple):
    """One model of a comparison."""

    name: str  # sft, reward, dpo or ppo
    model: str  # folder of the model
    folder: Path | None  # run folder; None for a model given by path
    summary: dict[str, Any]  # of the run; empty for a model given by path
    reused: bool


def obtain_stages(config: DictConfig, data: LoadedData, path: Path) -> dict[str, Stage]:
    """SFT reference, then reward model and DPO policy, which both start from it, and PPO where it is asked for."""
    _refuse_bad_values(config, data.loading.max_tokens)
    sft = _obtain(config, "sft", config.model.reference, config.model.reference, data, path)
    others = {name: _obtain(config, name, config[name].path, sft.model, data, path) for name in ("reward", "dpo")}
    stages = {"sft": sft, **others}
    if "ppo" in config:
        config = config.copy()
        if OmegaConf.select(config, "ppo.scorer.path") == "reward":
            OmegaConf.update(config, "ppo.scorer.path", stages["reward"].model)
        stages["ppo"] = _obtain(config, "ppo", None, sft.model, data, path)
    return stages


def _obtain(
    config: DictConfig, name: str, given: str | None, reference: str | None, data: LoadedData, path: Path
) -> Stage:
    if given is not None:
        log.info("%s: given as %s", name, given)
        return Stage(name, given, None, {}, reused=True)
    own = stage(config, name)
    OmegaConf.update(own, "model.reference", reference)
    inputs = stage_inputs(own, data, {})
    same = sha256(f"{fingerprint(own)} {sorted(inputs.items())}".encode()).hexdigest()[:8]
    with alone(path.parent / ".stages" / f"{name}-{same}.lock"):  # comparisons side by side train what they share once
        folder = _made_before(own, inputs, name, path) or path / name
        trained = train_stage(own, data, {}, folder)
    if trained.reused:
        log.info("%s: unchanged, %s is reused", name, trained.path)
    return Stage(name, str(trained.path / "model"), trained.path, trained.summary, trained.reused)


def _made_before(own: DictConfig, inputs: dict[str, str | None], name: str, path: Path) -> Path | None:
    """A finished run of the same stage in a comparison beside this one, which differs in another stage only."""
    for folder in sorted(path.parent.glob(f"*/{name}")):
        done = (folder / SUMMARY).is_file() and json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        if (
            done
            and done.get("inputs") == inputs
            and not differences((folder / CONFIG).read_text(encoding="utf-8"), own)
        ):
            return folder
    return None


def _refuse_bad_values(config: DictConfig, max_tokens: int) -> None:
    """What a later stage would refuse is refused before the first one has cost its minutes."""
    for key, least in (("prompts", 0), ("responses", 1), ("best_of", 1), ("max_new_tokens", 1)):
        if config.policies[key] < least:
            raise ValueError(f"policies.{key} must be at least {least}, got {config.policies[key]}")
    for name in stage_names(config):
        own = stage(config, name)
        try:
            build(own.optimizer)([torch.nn.Parameter(torch.zeros(1))])
            build(own.schedule)(0, 10)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{error} (set {name}.optimizer.* or {name}.schedule.*)") from error
        if name == "dpo":
            implied_reward(build(own.loss))
        if name == "ppo":
            learning_of(own, max_tokens)
