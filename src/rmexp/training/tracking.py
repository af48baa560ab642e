"""Weights & Biases: offline unless asked, and never waiting for an answer that cannot come."""

import netrc
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.loggers import WandbLogger


def wandb_logger(
    *,
    mode: Literal["offline", "online"],
    project: str,
    entity: str | None,
    group: str | None,
    tags: Sequence[str],
    folder: Path,
    job_type: str,
    config: Mapping[str, Any],
) -> WandbLogger:
    """A logger for one run.

    Args:
        mode: `offline` writes into the run folder, to be sent later by `wandb sync`; `online` sends.
        project: name of the project.
        entity: user or team; None for the default one.
        group: of runs that belong together.
        tags: of the run.
        folder: the run folder.
        job_type: the task.
        config: the configuration, unresolved and without secrets.

    Raises:
        ValueError: the mode is unknown, or it is `online` and no key is at hand (wandb would wait for one for ever).
    """
    if mode not in ("offline", "online"):
        raise ValueError(f"logger.mode must be offline or online, got {mode}")
    if mode == "online" and not _has_key():
        raise ValueError(
            "logger.mode=online needs a key in WANDB_API_KEY or in the netrc file (wandb login), but there is none; "
            "logger.mode=offline needs none"
        )
    if mode == "offline":
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # it would look its server up all the same
    os.environ.setdefault("WANDB_SILENT", "true")

    import wandb  # half a second, and it reads the environment

    run = wandb.init(
        name=folder.name,
        dir=folder,
        project=project,
        entity=entity,
        group=group,
        tags=list(tags),
        job_type=job_type,
        config=dict(config),
        mode=mode,
        settings=wandb.Settings(init_timeout=20, console="off"),
    )
    return WandbLogger(experiment=run)


def finish_wandb() -> None:
    """Close the run that is open, if any: a process may hold several runs, one after the other."""
    import wandb

    if wandb.run is not None:
        wandb.finish()


def _has_key() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai").split("//")[-1].rstrip("/")
    file = Path(os.environ.get("NETRC", Path.home() / ".netrc"))
    try:
        return file.is_file() and netrc.netrc(file).authenticators(host) is not None
    except netrc.NetrcParseError:
        return False
