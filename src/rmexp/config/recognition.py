"""Command lines that name a file but no format get the format that the file's first rows are in."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rmexp.config.build import build
from rmexp.config.compose import Composed, compose_unchecked
from rmexp.config.tree import phrase_of
from rmexp.sources.file_rows import file_rows
from rmexp.sources.recognition import first_rows, has_steps, recognised
from rmexp.sources.rows import Format, Row

log = logging.getLogger(__name__)

FILES = "rmexp.sources.files.files"
# Tried in this order, after the format that the option has by itself.
KNOWN = (
    "hh_rlhf",
    "arena",
    "arena_table",
    "ppe_preference",
    "helpsteer3",
    "safe_rlhf",
    "webgpt",
    "summarize_from_feedback",
    "sharegpt",
    "alpaca",
    "axolotl",
    "judge_bench",
    "llmbar",
    "shp",
    "helpsteer2",
    "ultrafeedback",
    "nectar",
    "ranked",
    "sides",
    "messages",
)


def with_recognised(verb: str, overrides: Sequence[str], folder: str | None = None) -> list[str]:
    """The overrides with a choice of `data/format` for each file whose format they leave open, and that is told by it.

    Args:
        verb: name of the primary configuration.
        overrides: of one run, without sweeps.
        folder: searched for options before the tree.

    Raises:
        ValueError: a file holds something that no format can make pairs of.
    """
    composed = compose_unchecked(verb, [text for text in overrides if ".format." not in text.partition("=")[0]], folder)
    given = {text.lstrip("+").partition("=")[0] for text in overrides}
    choices = []
    for node in _file_nodes(composed.config):
        group = "data/format" if node == "data" else f"data/format@{node}.format"
        if group not in given and (path := _path(composed.config, node)) is not None:
            choices += _choice(verb, tuple(overrides), folder, node, group, path)
    return [*overrides, *choices]


def _choice(verb: str, overrides: tuple[str, ...], folder: str | None, node: str, group: str, path: Path) -> list[str]:
    rows = _rows(path)
    own = _format(compose_unchecked(verb, overrides, folder), node)
    if not rows or (own is not None and recognised(rows, {"": own}) == ""):
        return []
    if has_steps(rows):
        raise ValueError(
            f"{path}: its rows hold the steps of an answer with a label for each, which process reward models learn "
            "from; rmexp learns from preferences between whole responses (data/format=... says what else they are)"
        )
    formats = {
        name: form
        for name in KNOWN
        if (form := _format(compose_unchecked(verb, (*overrides, f"{group}={name}"), folder), node)) is not None
    }
    name = recognised(rows, formats)
    if name is None:
        return []
    log.info(
        "%s: taken for data/format=%s, %s (another data/format=... says otherwise)",
        path,
        name,
        phrase_of("data/format", name),
    )
    return [f"{group}={name}"]


def _format(composed: Composed, node: str) -> Format | None:
    """The format of a node, None where an override of its keys does not fit it."""
    if any(problem.startswith(f"{node}.format") or f" {node}.format" in problem for problem in composed.problems):
        return None
    try:
        form: Format = build(OmegaConf.select(composed.config, f"{node}.format"))
    except (ValueError, TypeError, OmegaConfBaseException):
        return None
    return form


@cache
def _rows(path: Path) -> tuple[Row, ...]:
    """The first rows; none where they cannot be read, which the source will say."""
    try:
        return tuple(first_rows(file_rows(path, key="data.path")))
    except (ValueError, OSError):
        return ()


def _path(config: DictConfig, node: str) -> Path | None:
    for key in ("path", "test_path"):
        try:
            value = OmegaConf.select(config, f"{node}.{key}")
        except OmegaConfBaseException:
            return None
        if isinstance(value, str):
            return Path(value)
    return None


def _file_nodes(config: DictConfig) -> Iterator[str]:
    yield from _nodes(OmegaConf.to_container(config, resolve=False), "")


def _nodes(content: Any, path: str) -> Iterator[str]:
    if isinstance(content, Mapping):
        if content.get("_target_") == FILES and "format" in content:
            yield path
        for key, value in content.items():
            yield from _nodes(value, f"{path}.{key}" if path else str(key))
