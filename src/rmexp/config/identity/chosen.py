"""Which option was chosen for each node of a configuration: `adamw` where the values name a class."""

from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import MISSING, DictConfig, OmegaConf

WITHOUT_NODE = "experiment"  # spreads its values over the others'
UNTOLD = "logger"  # who is told of a run is no part of it


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
    return {node: known[node] for node in sorted(known) if node != UNTOLD}


def _node(group: str) -> str:
    """Where an option goes, of `data/format` and of `loss@dpo.loss`."""
    name, _, package = group.partition("@")
    return package or name.replace("/", ".")


def _has(content: Any, node: str) -> bool:
    for key in node.split("."):
        content = content.get(key) if isinstance(content, dict) else None
    return content not in (None, MISSING)
