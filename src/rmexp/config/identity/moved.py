"""What configurations of earlier versions called otherwise or did not say, so that their runs go on and are found.

Each move of a target and each later key of `conf/` adds a line here.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

TARGET = "_target_"
REFERENCE, INIT_FROM = "model.reference", "model.init_from"
STARTED_FROM_REFERENCE = ("sft", "reward")  # tasks that are measured against nothing
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
    "trainer.compiled": "auto",  # it changes nothing but rounding
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
MOVED_VALUES: Mapping[str, Mapping[Any, Any]] = {"trainer.strategy": {"ddp_fork": "ddp"}}

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


def former_logger(node: Mapping[str, object]) -> dict[str, object]:
    """The group `logger` as it was written before: of one logger, its keys beside its target."""
    name = next((name for name in LOGGERS if name in node), None)
    if name is None:
        return {}
    return {key: value if node.get(key) is None else node[key] for key, value in LOGGERS[name].items()}


def moved_to(target: str) -> str | None:
    """Where a target is now; None for one that has not moved."""
    now = target
    while now in MOVED:
        now = MOVED[now]
    return None if now == target else now


def with_todays_targets(content: Any) -> Any:
    """Plain data of a configuration with every `_target_` as it is called now."""
    return _renamed(content, {old: now for old in MOVED if (now := moved_to(old))})


def with_first_targets(content: Any) -> Any:
    """Plain data of a configuration with every `_target_` as it was called first."""
    came_from = {now: old for old, now in MOVED.items()}
    first = {}
    for now in came_from:
        old = now
        while old in came_from:
            old = came_from[old]
        first[now] = old
    return _renamed(content, first)


def with_todays_keys(values: Mapping[str, object]) -> dict[str, object]:
    """Values by dotted path of a stage, each key as it is called now; those that are gone are left out.

    Once `model.reference` was what every task starts from; now it is what a policy is measured against.
    """
    given = values.get(REFERENCE) if values.get("task") in STARTED_FROM_REFERENCE else None
    moved = {MOVED_KEYS[key]: value for key, value in values.items() if key in MOVED_KEYS}
    kept = moved | {key: _with(MOVED_VALUES, key, value) for key, value in values.items() if key not in GONE}
    return {**kept, REFERENCE: None, INIT_FROM: given} if given is not None else kept


def with_first_keys(values: Mapping[str, object]) -> dict[str, object]:
    """Values by dotted path of a stage, with its keys as they were called first, and those that are gone."""
    given = values.get(INIT_FROM) if values.get("task") in STARTED_FROM_REFERENCE else None
    groups = {key.partition(".")[0] for key in values}
    first = {key: {now: old for old, now in moves.items()} for key, moves in MOVED_VALUES.items()}
    kept = {key: value for key, value in GONE.items() if key.partition(".")[0] in groups}
    kept |= {key: _with(first, key, value) for key, value in values.items()}
    return {**kept, REFERENCE: given, INIT_FROM: None} if given is not None else kept


def with_todays_overrides(overrides: Sequence[str]) -> list[str]:
    """The overrides of a command line with each key as it is called now; what was changed is told."""
    found = []
    for text in overrides:
        key, _, value = text.lstrip("+").partition("=")
        if key in LATER:  # it had to be added before the tree had it
            text = text.removeprefix("+")
        if key in MOVED_KEYS:
            log.info("%s is %s now", key, MOVED_KEYS[key])
            found.append(f"{MOVED_KEYS[key]}={value}")
        elif value in MOVED_VALUES.get(key, {}):
            log.info("%s=%s is %s now", key, value, MOVED_VALUES[key][value])
            found.append(f"{key}={MOVED_VALUES[key][value]}")
        elif text in MOVED_OPTIONS:
            log.info("%s is %s now", text, " ".join(MOVED_OPTIONS[text]))
            found += MOVED_OPTIONS[text]
        elif key in GONE:
            log.info("%s is gone and has no effect", key)
        else:
            found.append(text)
    return found


def _with(moves: Mapping[str, Mapping[Any, Any]], key: str, value: Any) -> Any:
    """A value as it is called by some moves; what cannot be a key of a mapping, such as a list, never moves."""
    return moves[key].get(value, value) if key in moves and isinstance(value, str) else value


def telling(overrides: Iterable[str]) -> list[str]:
    """Overrides without those that set a later key to what was done before there was the key."""
    return [text for text in overrides if text.partition("=")[2] not in map(str, _implied(text.partition("=")[0]))]


def without_implied(values: Mapping[str, object]) -> dict[str, object]:
    """Values by dotted path without later keys that only say what was done before there were such keys."""
    return {key: value for key, value in values.items() if value not in _implied(key)}


def with_implied(values: Mapping[str, object], keys: Iterable[str]) -> dict[str, object]:
    """Values by dotted path with those that a configuration from before the later ones of `keys` stands for."""
    return {key: value for key in keys if key not in values for value in _implied(key)} | dict(values)


def _implied(key: str) -> list[Any]:
    return [value for pattern, value in LATER.items() if fnmatchcase(key, pattern)]


def _renamed(content: Any, names: Mapping[str, str]) -> Any:
    if isinstance(content, dict):
        return {
            key: names.get(value, value) if key == TARGET and isinstance(value, str) else _renamed(value, names)
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [_renamed(value, names) for value in content]
    return content
