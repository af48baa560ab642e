"""The stages inside a configuration that holds several, each as the configuration that trains it alone."""

from typing import cast

from omegaconf import DictConfig, OmegaConf

SHARED = ("seed", "run_dir", "sweep_dir", "data", "model", "trainer", "callbacks", "logger")


def stage_names(config: DictConfig) -> list[str]:
    """Top-level nodes with a `task` of their own, in the order of the configuration."""
    nodes = OmegaConf.to_container(config, resolve=False)
    assert isinstance(nodes, dict)
    return [str(name) for name, node in nodes.items() if isinstance(node, dict) and "task" in node]


def stage(config: DictConfig, name: str) -> DictConfig:
    """The configuration that `rmexp train task=<name>` would compose from the same choices, without its keys of a plan.

    Args:
        config: shared groups at the top, a node per stage.
        name: which stage; its `path` is left out, its interpolations stay as they are.
    """
    shared = OmegaConf.masked_copy(config, [key for key in SHARED if key in config])
    own = OmegaConf.masked_copy(config[name], [key for key in config[name] if key != "path"])
    OmegaConf.set_struct(shared, False)
    OmegaConf.set_struct(own, False)
    merged = cast(DictConfig, OmegaConf.merge(shared, own, {"run_dir": None, "tests": {}}))
    OmegaConf.set_struct(merged, True)
    return merged
