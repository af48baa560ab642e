"""The configuration as text that may be kept and shown: interpolations unresolved, secrets redacted."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import MISSING, DictConfig, OmegaConf

from rmexp.config.identity.followed import followed
from rmexp.config.identity.moved import LOGGERS
from rmexp.config.identity.named_after import with_first_names
from rmexp.config.identity.values import first_values, todays_values, with_implied
from rmexp.plugins.named import plugins
from rmexp.runs.folder import RunConfig

REDACTED = "<redacted>"
PLACES = ("run_dir", "sweep_dir", "data.cache_dir", "plan", "plan_flops")  # where things go and what is asked of them
SPREAD = ("trainer.devices", "trainer.num_nodes")  # over what a run is spread, which changes the order of sums alone
LOGGER = "logger"  # who is told of a run is no part of it
WITHOUT_NODE = "experiment"  # spreads its values over the others'

_SECRET = re.compile(r"(key|token|secret|password)(?!i[sz]|word)", re.IGNORECASE)
_INTERPOLATION = re.compile(r"\$\{[^{},]*\}")  # one with a default after a comma may hold the secret itself


def saved_yaml(config: DictConfig) -> str:
    """YAML of `config` that can be composed again except for the secrets, which are gone.

    Args:
        config: texts below keys named like a secret are redacted unless they are interpolations such as
            `${oc.env:NAME}`; numbers, such as `max_tokens`, are never secrets.
    """
    return _yaml(_saved(config))


def _yaml(saved: Mapping[str, object]) -> str:
    return OmegaConf.to_yaml(OmegaConf.create(dict(saved)))


def run_config(config: DictConfig) -> RunConfig:
    """What a run folder is bound to."""
    saved = _saved(config)
    now, former = _fingerprints(saved)
    return RunConfig(
        text=_yaml(saved),
        seed=config.get("seed"),
        differences=partial(differences, config=config),
        fingerprint=now,
        former_fingerprint=former,
        plugins={plugin.name: plugin.fingerprint() for plugin in plugins()},
        choices=chosen_options(config),
    )


def _fingerprints(saved: Mapping[str, object]) -> tuple[str, str]:
    """Of a configuration, whatever its order, places and loggers; and as it was when those counted."""
    logger, rest = saved.get(LOGGER), {key: value for key, value in saved.items() if key != LOGGER}
    contents = [rest, rest]
    if logger is not None and "callbacks" in saved:  # only verbs that train
        own = logger if isinstance(logger, dict) else {}
        contents = [rest | {LOGGER: _former_logger({"wandb": {}})}, rest | {LOGGER: _former_logger(own)}]
    now, former = (_digest(first_values(content)) for content in contents)
    return now, former


def _digest(values: Mapping[str, object]) -> str:
    content = {key: value for key, value in values.items() if key not in PLACES}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:8]


def _former_logger(node: Mapping[str, object]) -> dict[str, object]:
    """The group `logger` as it was written before: of one logger, its keys beside its target."""
    name = next((name for name in LOGGERS if name in node), None)
    if name is None:
        return {}
    return {key: value if node.get(key) is None else node[key] for key, value in LOGGERS[name].items()}


def differences(old_yaml: str, config: DictConfig) -> list[str]:
    """Where a saved configuration and this one differ, such as `optimizer.lr: 0.1 there, 0.2 here`.

    A name that stands for a value, such as `${model.recipe.reward.lr}`, is the same as that value.
    """
    contents = [_plain(OmegaConf.create(text)) for text in (old_yaml, saved_yaml(config))]
    old, new = (with_first_names(todays_values(content)) for content in contents)
    keys = list(dict.fromkeys([*old, *new]))
    old, new = (with_implied(values, keys) for values in (old, new))
    there, here = (
        values | with_implied(todays_values(followed(content)), keys)
        for values, content in zip((old, new), contents, strict=True)
    )
    return [
        f"{key}: {_shown(there, key)} there, {_shown(here, key)} here"
        for key in keys
        if key not in (*PLACES, *SPREAD)
        and key.partition(".")[0] != LOGGER
        and _differ(old, new, key)
        and _differ(there, here, key)
    ]


def _differ(old: Mapping[str, object], new: Mapping[str, object], key: str) -> bool:
    return key not in old or key not in new or old[key] != new[key]


def _saved(config: DictConfig) -> dict[str, object]:
    content = _redact(_plain(config), hidden=False)
    assert isinstance(content, dict)
    return content


def _plain(config: Any) -> Any:
    return OmegaConf.to_container(config, resolve=False)


def _redact(content: Any, *, hidden: bool) -> Any:
    if isinstance(content, dict):
        return {key: _redact(value, hidden=hidden or bool(_SECRET.search(str(key)))) for key, value in content.items()}
    if isinstance(content, list):
        return [_redact(value, hidden=hidden) for value in content]
    if hidden and isinstance(content, str) and content != "???" and not _INTERPOLATION.fullmatch(content):
        return REDACTED
    return content


def _shown(leaves: dict[str, object], key: str) -> str:
    if key not in leaves:
        return "not"
    return "not set" if leaves[key] == MISSING else json.dumps(leaves[key], ensure_ascii=False, default=str)


def chosen_options(config: DictConfig) -> dict[str, str] | None:
    """The options of a configuration in a job of Hydra, by the node that each one fills; None outside a job.

    Args:
        config: of the job, or of a stage in it: then `dpo.optimizer` of the one is `optimizer` of the other.
    """
    if not HydraConfig.initialized():
        return None
    made = HydraConfig.get().runtime.choices.items()
    by_node = {_node(str(group)): str(option) for group, option in made if option is not None}
    stage = f"{config.get('task')}."
    by_node |= {node.removeprefix(stage): option for node, option in by_node.items() if node.startswith(stage)}
    content = OmegaConf.to_container(config, resolve=False)
    known = {node: option for node, option in by_node.items() if node == WITHOUT_NODE or _has(content, node)}
    return {node: known[node] for node in sorted(known) if node != LOGGER}


def _node(group: str) -> str:
    """Where an option goes, of `data/format` and of `loss@dpo.loss`."""
    name, _, package = group.partition("@")
    return package or name.replace("/", ".")


def _has(content: Any, node: str) -> bool:
    for key in node.split("."):
        content = content.get(key) if isinstance(content, dict) else None
    return content not in (None, MISSING)
