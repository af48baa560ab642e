"""Says that nobody named a data set, so that the one that comes with the program is taken."""

import logging
from collections.abc import Sequence

from rmexp.config.compose import hydra_config

log = logging.getLogger(__name__)


def tell_default_data(verb: str, overrides: Sequence[str], folder: str | None) -> None:
    """Log a sentence where a verb takes its data from the tree alone.

    Args:
        verb: name of the primary configuration.
        overrides: of the command line, sweeps among them.
        folder: searched for options before the tree.
    """
    keys = {text.lstrip("+~").partition("=")[0] for text in overrides}
    if keys & {"data", "experiment", "hydra.searchpath", "candidates.path", "prompt", "response", "input"}:
        return
    name = hydra_config(verb, overrides, folder).runtime.choices.get("data")
    if name is not None:
        log.info("no data= is given: %s takes the built-in data set %s (data=jsonl data.path=FILE: yours)", verb, name)
