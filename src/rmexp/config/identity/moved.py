"""What configurations of earlier versions called otherwise or did not say, so that their runs go on and are found.

Each move of a target and each later key of `conf/` adds a line here.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

log = logging.getLogger(__name__)

# Where a target was -> where it is. Several moves of one thing are several lines.
MOVED: Mapping[str, str] = {
    "rmexp.training.estimators.OtherResponses": "rmexp.training.ppo.estimators.OtherResponses",
    "rmexp.training.estimators.ValueModel": "rmexp.training.ppo.estimators.ValueModel",
    "rmexp.training.kl_control.KLControl": "rmexp.training.ppo.kl_control.KLControl",
    "rmexp.training.policy_update.PolicyUpdate": "rmexp.training.ppo.policy_update.PolicyUpdate",
    "rmexp.training.ppo.PPOModule": "rmexp.training.ppo.module.PPOModule",
    "rmexp.training.sampler.Rollouts": "rmexp.training.ppo.sampler.Rollouts",
    "rmexp.training.progress.progress": "rmexp.training.callbacks.progress.progress",
    "rmexp.training.saving.Saving": "rmexp.training.callbacks.saving.Saving",
    "rmexp.models.tiny.tiny": "rmexp.models.backbones.tiny.tiny",
    "rmexp.models.hub.hub": "rmexp.models.backbones.hub.hub",
    "rmexp.models.encoder.encoder": "rmexp.models.backbones.encoder.encoder",
    "rmexp.analysis.suites.judge_bench.judge_bench": "rmexp.suites.judge_bench.judge_bench",
    "rmexp.analysis.suites.llmbar.llmbar": "rmexp.suites.llmbar.llmbar",
    "rmexp.analysis.suites.ppe_preference.ppe_preference": "rmexp.suites.ppe_preference.ppe_preference",
    "rmexp.analysis.suites.reward_bench.reward_bench": "rmexp.suites.reward_bench.reward_bench",
    "rmexp.analysis.suites.reward_bench_2.reward_bench_2": "rmexp.suites.reward_bench_2.reward_bench_2",
    "rmexp.analysis.suites.rm_bench.rm_bench": "rmexp.suites.rm_bench.rm_bench",
}

# Keys that came later -> the value that says what was done before there was the key. A path in which `*` stands for
# any names: "trainer.keep" is that of a run, "*.trainer.keep" that of its stages, "tests.*.leaks" that of each test.
LATER: Mapping[str, object] = {
    "model.init_from": None,
    "model.save_dtype": None,
    "model.load": "full",
    "*.weights": None,  # of the labels of scorer=hub, wherever it stands
    "*.head": None,  # of scorer=explicit, wherever it stands
    # of score
    "prompt": None,
    "response": None,
    "input": None,
    # of files
    "*.encoding": "utf-8",
    "*.delimiter": None,
    "*.max_row_mb": 8,  # there was no bound: the same of every file that is no attack
    "*.max_unpacking": 200,
    # of columns
    "*.format.input": "input",
    "*.format.system": "system",
    "*.format.history": None,
    "*.format.implicit": False,
    "*.format.tools": "tools",
    "*.format.chat_template_kwargs": "chat_template_kwargs",
    "*.format.syste?": None,  # of sides
    "*.format.turns": False,
    "*.format.both_bad": [],
    "*.format.positive": None,
    "*.format.certain": None,
    "*.format.winner_first": False,
    # of data: no model said what it was trained on, so that `apart` found nothing to leave out and neither did `keep`
    "*.trained_on": "apart",
    "*.max_val_pairs": 20000,  # all were validated with: the same unless there were more
    "keep": None,  # of export
    # of training
    "trainer.compiled": False,
    "trainer.keep": "last",
    "trainer.monitor": "val/loss",
    "trainer.patience": None,
    "trainer.min_delta": 0.0,
    "trainer.on_nonfinite": "stop",
    "plan": False,
    "plan_flops": 4.0e14,
    "trainer.num_nodes": 1,
    "trainer.strategy": "auto",
}

# Keys that are called otherwise now.
MOVED_KEYS: Mapping[str, str] = {"callbacks.checkpoint.monitor": "trainer.monitor"}

# Values that are called otherwise now, by key.
MOVED_VALUES: Mapping[str, Mapping[str, Any]] = {
    "trainer.strategy": {"ddp_fork": "ddp"},
    "trainer.compiled": {"auto": False},
}

# Options that are gone -> the overrides that say the same.
MOVED_OPTIONS: Mapping[str, Sequence[str]] = {"trainer=ddp_fork": ("trainer=ddp", "trainer.accelerator=cpu")}

# Keys that are gone -> the value that every configuration had. Saved ones may still have them.
GONE: Mapping[str, object] = {
    "trainer.compile": False,
    "callbacks.checkpoint._target_": "rmexp.training.checkpoints.best_checkpoint",
    "callbacks.checkpoint._partial_": True,
    "callbacks.checkpoint.monitor": "val/loss",
    "callbacks.checkpoint.mode": "min",
}

# What each logger was called -> its keys with the values that they had, before a run could have several.
LOGGERS: Mapping[str, Mapping[str, object]] = {
    "wandb": {
        "_target_": "rmexp.training.tracking.wandb_logger",
        "_partial_": True,
        "mode": "offline",
        "project": "rmexp",
        "entity": None,
        "group": None,
        "tags": [],
    },
    "tensorboard": {"_target_": "rmexp.training.other_trackers.tensorboard_logger", "_partial_": True},
    "mlflow": {
        "_target_": "rmexp.training.other_trackers.mlflow_logger",
        "_partial_": True,
        "experiment": "rmexp",
        "tracking_uri": None,
    },
}


def moved_to(target: str) -> str | None:
    """Where a target is now; None for one that has not moved."""
    now = target
    while now in MOVED:
        now = MOVED[now]
    return None if now == target else now


def with_todays_overrides(overrides: Sequence[str]) -> list[str]:
    """The overrides of a command line with each key as it is called now; what was changed is told."""
    found: list[str] = []
    for text in overrides:
        now, told = todays_override(text)
        found += now
        if told:
            log.info("%s", told)
    return found


def todays_override(text: str) -> tuple[Sequence[str], str]:
    """The overrides that say what one of any version did, and what was changed in words; empty where nothing was."""
    key, _, value = text.lstrip("+").partition("=")
    if key in LATER:  # it had to be added before the tree had it
        text = text.removeprefix("+")
    if key in MOVED_KEYS:
        return [f"{MOVED_KEYS[key]}={value}"], f"{key} is {MOVED_KEYS[key]} now"
    if value in MOVED_VALUES.get(key, {}):
        now = MOVED_VALUES[key][value]
        return [f"{key}={now}"], f"{key}={value} is {now} now"
    if text in MOVED_OPTIONS:
        return MOVED_OPTIONS[text], f"{text} is {' '.join(MOVED_OPTIONS[text])} now"
    return ([], f"{key} is gone and has no effect") if key in GONE else ([text], "")
