"""Whether a composed configuration can be built: all that speaks against it, without importing anything it names."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

from rmexp.config.binding import Problem, Unknown, unbound
from rmexp.config.build import FRAMES, framed_group
from rmexp.config.overrides import key_paths
from rmexp.config.parameters.annotations import TAKES, fits, misfit
from rmexp.config.parameters.definitions import find_definition
from rmexp.config.parameters.narrowed import of_verbs
from rmexp.config.parameters.signatures import signature_of
from rmexp.config.problems import did_you_mean, did_you_mean_key
from rmexp.config.stages import SHARED, stage, stage_names
from rmexp.config.tree import options_of
from rmexp.losses.scores import of_another_task
from rmexp.plugins.named import is_own, place

_MISSING = "???"


def problems_of(config: DictConfig, skeleton: DictConfig) -> list[str]:
    """All that keeps a configuration from being built.

    Args:
        config: composed with all overrides.
        skeleton: composed with the choices of options only; nodes without a target may have no other keys.

    Returns:
        One sentence per problem, starting with the path of the key.
    """
    names, values, known = stage_names(config), _plain(config), _plain(skeleton)
    problems = [*_unset(values, known, _needless(config)), *_unknown_keys(values, known, ""), *_idle(values, known, "")]
    problems += [*_misfits(config, values), *_other_losses(values)]
    # what the stages of a configuration share is looked at with each, unless it is a stage itself
    elsewhere = {*names, *SHARED} if names and "task" not in config else {*names}
    problems += _unbuildable({key: value for key, value in values.items() if key not in elsewhere}, config)
    for name in names:
        part, paths = stage(config, name), set(key_paths(values[name]))
        for path, text in (*_unbuildable(_plain(part), part), *_other_losses(_plain(part))):
            problems.append(Problem(f"{name}.{path}" if path in paths else path, text))
    said = (f"{path} {text}" if text.startswith(TAKES) else f"{path}: {text}" for path, text in problems)
    return list(dict.fromkeys(said))


def _unset(values: Any, known: Any, needless: Collection[str]) -> Iterator[Problem]:
    """Keys without a value, and those where a shell variable without one has left an empty text."""
    in_tree = dict(_leaves(known))
    for path, value in _leaves(values):
        if path in needless:
            continue
        if value == _MISSING or (value == "" and in_tree.get(path) == _MISSING):
            yield Problem(path, f"not set; set {path}=...")
        elif value == "" and path in in_tree and in_tree[path] is None:
            yield Problem(path, f"an empty text; set {path}=... or {path}=null")


def _misfits(config: DictConfig, values: Any) -> Iterator[Problem]:
    """Keys that no target takes, with another kind of value than their verbs ask for."""
    paths = {*key_paths(values)}
    for path, annotation in of_verbs().items():
        if path not in paths:
            continue
        try:
            value = _plain(OmegaConf.select(config, path))
        except OmegaConfBaseException:  # whoever needs it says so
            continue
        if value not in (_MISSING, {}) and not fits(value, annotation, {}):  # a refused override leaves an empty node
            yield Problem(path, misfit(value, annotation, {}))


def _other_losses(values: Any) -> Iterator[Problem]:
    """A loss that is called with other scores than its task has."""
    target = (values.get("loss") or {}).get("_target_")
    if target is None or "task" not in values:
        return
    try:
        takes, found = [*signature_of(target).parameters], find_definition(target)
    except ValueError:  # which is told already
        return
    where = f" ({place(found.module, found.node.lineno)})" if is_own(found.module) else ""
    if problem := of_another_task(f"{found.node.name}(){where}", takes, values["task"]):
        yield Problem("loss", problem)


def _needless(config: DictConfig) -> set[str]:
    """Keys that may stay without a value beside others: where to start is said by one of three."""
    others = ("model.init_from", "model.reference")
    return {"model.path"} if any(OmegaConf.select(config, key) for key in others) else set()


def _unknown_keys(node: Any, known: Any, path: str) -> Iterator[Problem]:
    """Keys of nodes without a target that the YAML tree does not know; an empty node in the tree takes any.

    An option of a group that is empty, such as a logger without settings, takes none.
    """
    if not isinstance(node, dict) or not isinstance(known, dict):
        return
    if not known and not options_of(path.rstrip(".").replace(".", "/")):
        return
    for key, value in node.items():
        if key in known:
            yield from _unknown_keys(value, known[key], f"{path}{key}.")
        elif "_target_" not in known:
            hint = did_you_mean(str(key), known) or did_you_mean_key(f"{path}{key}", list(key_paths(known, path)))
            yield Problem(f"{path}{key}", f"no such key in the configuration tree{hint}")


def _idle(node: Any, known: Any, path: str) -> Iterator[Problem]:
    """Keys of the framework that were set in a part of a mixture, where only the whole has them."""
    if not isinstance(node, dict) or not isinstance(known, dict):
        return
    group = framed_group(path[:-1]) if ".parts." in path else None
    frames = {key for frame in FRAMES.get(group or "", ()) for key in signature_of(frame).parameters}
    for key, value in node.items():
        if key in frames and "parts" not in node and value != known.get(key, value):
            yield Problem(f"{path}{key}", f"has no effect in a part of a mixture; set {path.partition('.')[0]}.{key}")
        yield from _idle(value, known.get(key), f"{path}{key}.")


def _unbuildable(values: Any, whole: DictConfig) -> Iterator[Problem]:
    """Interpolations that lead nowhere in a configuration, and what does not bind to a target.

    Args:
        values: a part of the configuration as plain data; its interpolations are replaced by what they lead to.
        whole: in which they lead somewhere.
    """
    lost: dict[tuple[str, str], list[Problem]] = {}
    for path, value in _leaves(values):
        if value == _MISSING:
            _put(values, path, Unknown())
        elif isinstance(value, str) and "${" in value:
            try:
                _put(values, path, _plain(OmegaConf.select(whole, path, throw_on_missing=True), resolve=True))
            except InterpolationToMissingValueError:  # the key it leads to is reported itself
                _put(values, path, Unknown())
            except OmegaConfBaseException as error:
                _put(values, path, Unknown())
                problem = Problem(path, f"`{value}` leads nowhere ({str(error).splitlines()[0]})")
                lost.setdefault((path.rpartition(".")[0], value[2:].partition(".")[0]), []).append(problem)
    for (node, group), problems in lost.items():
        yield from problems if len(problems) == 1 else [_lost_keys(node, group, problems)]
    yield from unbound(values)


def _lost_keys(node: str, group: str, problems: Sequence[Problem]) -> Problem:
    """Several keys of a node that are to come from a group that does not have them, such as the truth of real data."""
    keys = ", ".join(problem.path.rpartition(".")[2] for problem in problems)
    text = f"takes {keys} from {group}, which has no such keys here; set them, or choose another {group}"
    return Problem(node, text)


def _plain(config: Any, *, resolve: bool = False) -> Any:
    return OmegaConf.to_container(config, resolve=resolve) if OmegaConf.is_config(config) else config


def _leaves(node: Any, path: str = "") -> list[tuple[str, Any]]:
    """Everything that is neither a dict nor a list, with its path in OmegaConf's notation."""
    if not isinstance(node, dict | list):
        return [(path, node)]
    items = node.items() if isinstance(node, dict) else enumerate(node)
    return [leaf for key, value in items for leaf in _leaves(value, f"{path}.{key}" if path else str(key))]


def _put(node: Any, path: str, value: Any) -> None:
    """Set the leaf at `path` of nested dicts and lists."""
    key, _, rest = path.partition(".")
    place = int(key) if isinstance(node, list) else key
    if rest:
        _put(node[place], rest, value)
    else:
        node[place] = value
