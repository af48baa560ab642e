"""The configuration as text that may be kept and shown: interpolations unresolved, secrets redacted."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from omegaconf import DictConfig, OmegaConf

from rmexp.config.identity.chosen import chosen_options
from rmexp.config.identity.moved import (
    former_logger,
    with_first_keys,
    with_first_targets,
    with_implied,
    with_todays_keys,
    with_todays_targets,
    without_implied,
)
from rmexp.config.identity.named_after import with_first_names
from rmexp.config.plugins import plugins
from rmexp.runs.folder import RunConfig

REDACTED = "<redacted>"
PLACES = ("run_dir", "sweep_dir", "data.cache_dir", "plan", "plan_flops")  # where things go and what is asked of them
SPREAD = ("trainer.devices", "trainer.num_nodes")  # over what a run is spread, which changes the order of sums alone
LOGGER = "logger"  # who is told of a run is no part of it

_SECRET = re.compile(r"(key|token|secret|password)(?!i[sz]|word)", re.IGNORECASE)
_INTERPOLATION = re.compile(r"\$\{[^{},]*\}")  # one with a default after a comma may hold the secret itself


def saved_yaml(config: DictConfig) -> str:
    """YAML of `config` that can be composed again except for the secrets, which are gone.

    Args:
        config: texts below keys named like a secret are redacted unless they are interpolations such as
            `${oc.env:NAME}`; numbers, such as `max_tokens`, are never secrets.
    """
    return OmegaConf.to_yaml(OmegaConf.create(_saved(config)))


def run_config(config: DictConfig) -> RunConfig:
    """What a run folder is bound to."""
    found = {plugin.name: plugin.fingerprint() for plugin in plugins()}
    differ = partial(differences, config=config)
    return RunConfig(saved_yaml(config), config.get("seed"), differ, found, chosen_options(config))


def fingerprint(config: DictConfig) -> str:
    """Eight hexadecimal digits of the SHA-256 of the saved configuration, whatever its order, places and loggers.

    A target or a key that has moved and a later key that changes nothing leave it as it was.
    """
    return _digest(config, {"wandb": {}})


def former_fingerprint(config: DictConfig) -> str:
    """The digits of earlier versions, to which a run with other loggers was another one."""
    logger = _saved(config).get(LOGGER)
    return _digest(config, logger if isinstance(logger, dict) else {})


def _digest(config: DictConfig, logger: Mapping[str, object]) -> str:
    saved = _saved(config)
    had_logger = saved.pop(LOGGER, None) is not None and "callbacks" in saved  # only verbs that train
    saved |= {LOGGER: former_logger(logger)} if had_logger else {}
    values = without_implied(with_first_names(with_first_keys(leaves(with_first_targets(saved)))))
    content = {key: value for key, value in values.items() if key not in PLACES}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:8]


def differences(old_yaml: str, config: DictConfig) -> list[str]:
    """Where a saved configuration and this one differ, such as `optimizer.lr: 0.1 there, 0.2 here`."""
    texts = (old_yaml, saved_yaml(config))
    contents = (with_todays_targets(_plain(OmegaConf.create(text))) for text in texts)
    old, new = (with_first_names(with_todays_keys(leaves(content))) for content in contents)
    keys = list(dict.fromkeys([*old, *new]))
    old, new = (with_implied(values, keys) for values in (old, new))
    return [
        f"{key}: {_shown(old, key)} there, {_shown(new, key)} here"
        for key in keys
        if key not in (*PLACES, *SPREAD)
        and key.partition(".")[0] != LOGGER
        and (key not in old or key not in new or old[key] != new[key])
    ]


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


def leaves(content: Any, path: str = "") -> dict[str, object]:
    """Every value of nested dicts by its dotted path; a list or an empty dict is a value."""
    if not isinstance(content, dict) or not content:
        return {path: content}
    return {
        key: leaf
        for name, value in content.items()
        for key, leaf in leaves(value, f"{path}.{name}" if path else str(name)).items()
    }


def _shown(leaves: dict[str, object], key: str) -> str:
    return json.dumps(leaves[key], ensure_ascii=False, default=str) if key in leaves else "not"
