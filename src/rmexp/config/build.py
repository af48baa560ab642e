"""From a node of the configuration to the object that its `_target_` names."""

import functools
import importlib
from collections.abc import Set
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from rmexp.config.imported import import_target, targets_in
from rmexp.config.parameters.signatures import signature_of

# Groups whose nodes hold, beside the arguments of their target, keys that the framework itself reads: the fields of
# these frozen dataclasses.
FRAMES = {
    "data": (
        *(f"rmexp.data.loading.{part}" for part in ("Named", "Limits", "Batching", "SplitRule")),
        "rmexp.data.selection.Selection",
    ),
    "model": ("rmexp.models.backbones.start.StartingPoint",),
    "trainer": ("rmexp.training.trainer_options.TrainerOptions",),
}
# Arguments of targets that the framework gives itself -> where to say what they would.
OWN_ARGUMENTS = {
    "trainer": {
        "callbacks": "write callbacks/NAME.yaml in a folder of yours, and set callbacks=NAME --config-dir FOLDER",
        "logger": "choose another logger",
        "plugins": "checkpoints are written by the framework",
        "default_root_dir": "set run_dir",
        "limit_val_batches": "set data.max_val_pairs",
        "num_sanity_val_steps": "no validation comes before the first step",
        "enable_progress_bar": "see callbacks.progress",
        "enable_model_summary": "summary.json has the number of parameters",
        "enable_checkpointing": "set trainer.keep, or ~callbacks.saving for no checkpoints to go on from",
        "check_val_every_n_epoch": "set trainer.validate_every_steps",
        "val_check_interval": "set trainer.validate_every_steps",
        "min_epochs": "set trainer.max_epochs",
        "min_steps": "set trainer.max_steps",
    }
}
SAID_ANYWAY = {"trainer": {"limit_val_batches": 1.0}}  # values of such arguments that change nothing
WAITING = ("loss", "model", "optimizer", "schedule", "scorer")  # groups whose targets rmexp calls with more arguments
HOLDERS = {"parts": "data", "tests": "data", "members": "scorer", "scorers": "scorer"}  # their children are of a group


def group_of(path: str) -> str:
    """The group that a node belongs to, told by where it stands.

    >>> group_of("data"), group_of("data.parts.helpful"), group_of("scorer.members.model")
    ('data', 'data', 'scorer')
    """
    holder, _, name = path.rpartition(".")
    return HOLDERS.get(holder.rpartition(".")[2], name)


def framed_group(path: str) -> str | None:
    """The same of nodes of `FRAMES`; None of others."""
    group = group_of(path)
    return group if group in FRAMES else None


def build(node: DictConfig, **runtime: Any) -> Any:
    """Call the target of `node` with the node's values and `runtime`.

    Args:
        node: with `_partial_: true` the result is a partial that waits for the rest; without a target the nodes
            in it are built each under its name; an empty one builds None.
        runtime: objects that no YAML can hold; they win over values of the same name.

    Raises:
        ValueError: the target is not on the allowlist or does not exist.
    """
    if not node:
        return None
    content = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
    for target in targets_in(content):
        signature_of(target)
        import_target(target)
    assert isinstance(content, dict)
    try:
        # Runtime objects go in by a normal call: Hydra would turn a dataclass among them into a dict.
        partial = instantiate({**content, "_partial_": True} if "_target_" in content else content, _convert_="all")
    except InstantiationException as error:
        raise error.__cause__ or error from None
    built = _unguarded(partial)
    if "_target_" not in content:
        return built
    if content.get("_partial_", False):
        return functools.partial(built, **runtime)
    return built(**runtime)


def _unguarded(built: Any) -> Any:
    """The same without Hydra's look at what a partial calls, at every call: it was looked at when it was built.

    A step of training calls its loss and its schedule, and each look takes longer than the loss.
    """
    if isinstance(built, dict):
        return {key: _unguarded(value) for key, value in built.items()}
    if not isinstance(built, functools.partial):
        return built
    keywords = {key: _unguarded(value) for key, value in built.keywords.items()}
    return functools.partial(_unguarded(built.func), *built.args, **keywords)


def framed(group: str, node: DictConfig) -> tuple[Any, ...]:
    """What builds a node of a group of `FRAMES`, and the frames with the framework's own keys.

    Nodes of the same group inside it, such as the parts of a mixture, are built by their targets alone.

    Returns:
        A function of runtime objects that gives what the node's target does, see `build`; and each frame.
    """
    content = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
    assert isinstance(content, dict)
    keys = {frame: signature_of(frame).parameters.keys() for frame in FRAMES[group]}
    frames = [_class(frame)(**{key: content[key] for key in content if key in own}) for frame, own in keys.items()]
    rest = _without(content, set().union(*keys.values()), group, group)
    return functools.partial(build, OmegaConf.create(rest)), *frames


def _without(content: Any, keys: Set[str], group: str, path: str) -> Any:
    """Plain data without the framework's keys, at its top and in the nodes of the group inside it."""
    if not isinstance(content, dict):
        return content
    framed = framed_group(path) == group
    return {
        key: _without(value, keys, group, f"{path}.{key}")
        for key, value in content.items()
        if not (framed and key in keys)
    }


def _class(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)
