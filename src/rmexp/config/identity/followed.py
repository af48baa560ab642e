"""Configurations as plain data with values in the place of the names that stand for them."""

import re
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rmexp.config.identity import named_after, unset

OPEN = ("oc.select", named_after.RESOLVER, unset.RESOLVER)  # resolvers that look at nothing but the configuration
_RESOLVER = re.compile(r"\$\{\s*([\w.]+)\s*:")


def followed(content: Mapping[Any, Any]) -> dict[str, Any]:
    """Plain data of a configuration as a reader may see it.

    Args:
        content: plain data, interpolations as they are. Those that ask elsewhere than in the configuration, such as
            `${oc.env:TOKEN}`, stay as they are, for what they stand for may be a secret; so does a name of nothing.
    """
    found = _plain(OmegaConf.create(_closed(dict(content))))
    assert isinstance(found, dict)
    return found


def _closed(content: Any) -> Any:
    """The same with interpolations that ask elsewhere as mere text."""
    if isinstance(content, dict):
        return {key: _closed(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_closed(value) for value in content]
    if isinstance(content, str) and any(name not in OPEN for name in _RESOLVER.findall(content)):
        return content.replace("${", r"\${")
    return content


def _plain(node: Any) -> Any:
    if isinstance(node, DictConfig):
        return {key: _value(node, key) for key in node}
    return [_value(node, place) for place in range(len(node))] if isinstance(node, ListConfig) else node


def _value(node: Any, key: Any) -> Any:
    """A value with what it stands for in its place, or as it is where it stands for nothing."""
    if OmegaConf.is_missing(node, key):
        return "???"
    try:
        return _plain(node[key])
    except (OmegaConfBaseException, RecursionError):
        return OmegaConf.to_container(node, resolve=False)[key]  # type: ignore[index]
