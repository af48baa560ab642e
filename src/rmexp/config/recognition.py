"""Command lines that name a file but no format get the format that the file's first rows are in."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rmexp.config.build import build
from rmexp.config.compose import compose_unchecked, config_loader
from rmexp.config.help.sources import phrase_of
from rmexp.config.hydra_private import ConfigLoader, option
from rmexp.config.overrides import change, read_overrides
from rmexp.sources.file_names import named_files
from rmexp.sources.file_rows import file_rows
from rmexp.sources.formats.columns import Columns
from rmexp.sources.formats.likely_layout import scores_of_sides, votes_in
from rmexp.sources.formats.two_sides import is_talk
from rmexp.sources.hub import hub_rows, open_hub
from rmexp.sources.recognition import first_rows, has_steps, recognised
from rmexp.sources.rows import Format, Row, as_number

log = logging.getLogger(__name__)

# What overrides begin with that decide which files are read.
_ABOUT = ("data", "tests", "experiment", "hydra.searchpath")
FILES, HUB = "rmexp.sources.files.files", "rmexp.sources.hub.hub"
# Tried in this order, after the format that the option has by itself.
KNOWN = (
    "hh_rlhf",
    "arena",
    "arena_table",
    "ppe_preference",
    "helpsteer3",
    "helpsteer2_preference",
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
    "unpaired",
    "oasst",
    "two_outputs",
    "scored_responses",
    "ranked",
    "sides",
)


def with_recognised(verb: str, overrides: Sequence[str], folder: str | None = None) -> list[str]:
    """The overrides with a choice of `data/format` for each file whose format they leave open, and that is told by it.

    Args:
        verb: name of the primary configuration.
        overrides: of one run, without sweeps.
        folder: searched for options that the tree does not have.

    Raises:
        ValueError: a file holds something that no format can make pairs of.
    """
    composed = compose_unchecked(verb, [text for text in overrides if ".format." not in text.partition("=")[0]], folder)
    given = {text.lstrip("+").partition("=")[0] for text in overrides}
    choices = []
    for node in _file_nodes(composed.config):
        group = "data/format" if node == "data" else f"data/format@{node}.format"
        if group not in given:
            choices += _choice(verb, tuple(overrides), folder, node, group)
    return [*overrides, *choices]


def recognised_cells(verb: str, cells: Sequence[Sequence[str]], folder: str | None) -> list[list[str]]:
    """The same for each cell of a multirun; files are looked at once for all cells that name them alike."""
    added: dict[tuple[str, ...], list[str]] = {}
    found = []
    for cell in cells:
        about = tuple(text for text in cell if text.lstrip("+").startswith(_ABOUT))
        if about not in added:
            added[about] = with_recognised(verb, about, folder)[len(about) :]
        found.append([*cell, *added[about]])
    return found


def _choice(verb: str, overrides: tuple[str, ...], folder: str | None, node: str, group: str) -> list[str]:
    composed = compose_unchecked(verb, overrides, folder)
    own = _format(composed.config, node, composed.problems)
    rows = _rows(composed.config, node, own)
    if not rows:
        return []
    if own is not None and recognised(rows, [("", own)]) == "":
        if isinstance(own, Columns):
            _doubt_order(rows, own)
        if any(map(is_talk, rows[0].content.values())):
            _say(rows[0].path, "columns with messages" if "prompt" in rows[0].content else "dialogues that begin alike")
        elif isinstance(own, Columns):
            _say(rows[0].path, f"columns of texts, {own.prompt}, {own.chosen} and {own.rejected}")
            _doubt(rows[0], own)
        return []
    if has_steps(rows):
        raise ValueError(
            f"{rows[0].path}: its rows hold the steps of an answer with a label for each, for process reward models; "
            "rmexp learns from preferences between whole responses (data/format=... says what else they are)"
        )
    name = recognised(rows, _known(composed.config, node, config_loader(folder), verb, overrides))
    if name is None:
        return []
    _say(rows[0].path, f"data/format={name}, {phrase_of('data/format', name)}")
    return [f"{group}={name}"]


def _known(
    config: DictConfig, node: str, loader: ConfigLoader, verb: str, overrides: Sequence[str]
) -> Iterator[tuple[str, Format]]:
    """Each known format with what the overrides say of its keys, without those that they do not fit.

    A format is put into a configuration that is there: to compose one with each of them would take seconds.
    """
    values = read_overrides(loader, verb, [text for text in overrides if f"{node}.format." in text]).values
    own = deepcopy(config)
    for name in KNOWN:
        OmegaConf.update(own, f"{node}.format", option(loader, "data/format", name), merge=False, force_add=True)
        problems = [problem for override in values if (problem := change(own, override, [])) is not None]
        if (form := _format(own, node, problems)) is not None:
            yield name, form


def _say(path: str, what: str) -> None:
    _say_once(path, what, Path(path).resolve())


def _doubt(row: Row, own: Columns) -> None:
    """Warn where a first response is taken for the better one, though a column beside both says who won."""
    votes = votes_in(row.content) if own.target == "target" and "target" not in row.content else []
    if {f"data.format.first={own.chosen}", f"data.format.second={own.rejected}"} <= set(votes):
        log.warning(
            "%s: `%s` is taken for the better one in every row, though the row seems to say which one won (set %s; or "
            "data.format.target=1 where it is the better one)", row.path, own.chosen, " ".join(votes),
        )  # fmt: skip


def _doubt_order(rows: Sequence[Row], own: Columns) -> None:
    """Warn where columns beside the responses score the chosen one lower in most of the rows."""
    names = scores_of_sides(rows[0].content, own.chosen, own.rejected) if own.target == "target" else None
    if names is None:
        return
    scores = [[as_number(row.content.get(name)) for name in names] for row in rows]
    both = [pair for pair in scores if all(isinstance(score, int | float) for score in pair)]
    lower = sum(first < second for first, second in both)
    if 2 * lower > len(both):
        log.warning(
            "%s: `%s` is below `%s` in %d of the first %d rows: are the columns of the responses exchanged? (set "
            "data.format.chosen=%s data.format.rejected=%s)",
            *(rows[0].path, *names, lower, len(both), own.rejected, own.chosen),
        )


@cache
def _say_once(path: str, what: str, place: Path) -> None:
    log.info("%s: taken for %s (another data/format=... says otherwise)", path, what)


def _format(config: DictConfig, node: str, problems: Sequence[str]) -> Format | None:
    """The format of a node, None where an override of its keys does not fit it."""
    if any(problem.startswith(f"{node}.format") or f" {node}.format" in problem for problem in problems):
        return None
    try:
        form: Format = build(OmegaConf.select(config, f"{node}.format"))
    except (ValueError, TypeError, OmegaConfBaseException):
        return None
    return form


def _rows(config: DictConfig, node: str, own: Format | None) -> Sequence[Row]:
    """The first rows; none where they cannot be read, which the source will say."""
    try:
        found = OmegaConf.to_container(OmegaConf.select(config, node), resolve=True)
        assert isinstance(found, dict)
        return tuple(first_rows(_of_files(found) if found["_target_"] == FILES else _of_hub(found, own)))
    except (ValueError, TypeError, OSError, OmegaConfBaseException):
        return ()


def _of_files(found: dict[Any, Any]) -> Iterable[Row]:
    value = found["path"] if found["path"] not in (None, "???") else found["test_path"]
    if value in (None, "???", []):
        return ()
    path = named_files(value, "data.path")[0]
    return file_rows(path, key="data.path", encoding=str(found["encoding"]), delimiter=found["delimiter"])


def _of_hub(found: dict[Any, Any], own: Format | None) -> Iterable[Row]:
    """Of the first split that is named; none of a data set that has a format of its own."""
    split = next((found[name] for name in ("train_split", "val_split", "test_split") if found[name]), None)
    if split is None or not isinstance(own, Columns) or found["path"] in (None, "???"):
        return ()
    opened, origin = open_hub(found["path"], found["revision"], found["subset"], found["folder"], whole=False)
    return hub_rows(origin, opened, split)


def _file_nodes(config: DictConfig) -> Iterator[str]:
    yield from _nodes(OmegaConf.to_container(config, resolve=False), "")


def _nodes(content: Any, path: str) -> Iterator[str]:
    if isinstance(content, Mapping):
        if content.get("_target_") in (FILES, HUB) and "format" in content:
            yield path
        for key, value in content.items():
            yield from _nodes(value, f"{path}.{key}" if path else str(key))
