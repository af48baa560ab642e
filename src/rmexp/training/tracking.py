"""Weights & Biases: offline unless asked, and never waiting for an answer that cannot come."""

import netrc
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.loggers import WandbLogger

from rmexp.durable import write_text

LONGEST_WAIT = 20  # seconds
SAMPLE_COLUMNS = ("id", "prompt", "chosen", "rejected", "margin")


def wandb_logger(
    *,
    mode: Literal["offline", "online"],
    project: str,
    entity: str | None,
    group: str | None,
    tags: Sequence[str],
    folder: Path,
    job_type: str,
    sweep: str | None,
    config: Mapping[str, Any],
) -> WandbLogger:
    """A logger for one run.

    Args:
        mode: `offline` writes into the run folder, to be sent later by `wandb sync`; `online` sends.
        project: name of the project.
        entity: user or team; None for the default one.
        group: of runs that belong together; None for those of one sweep.
        tags: of the run.
        folder: the run folder.
        job_type: the task.
        sweep: name of the multirun; None outside one.
        config: the configuration, unresolved and without secrets.

    Raises:
        ValueError: the mode is unknown, or it is `online` and no key is at hand (wandb would wait for one for ever) or
            the server does not answer.
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

    try:
        run = wandb.init(
            id=_run_id(folder),
            resume="allow" if mode == "online" else None,
            name=folder.name,
            dir=folder.resolve(),  # its service may run in a folder of its own
            project=project,
            entity=entity,
            group=group or sweep,
            tags=list(tags),
            job_type=job_type,
            config=dict(config),
            mode=mode,
            settings=wandb.Settings(init_timeout=LONGEST_WAIT, finish_timeout=LONGEST_WAIT, console="off"),
        )
    except (wandb.errors.CommError, wandb.errors.AuthenticationError, wandb.errors.UsageError) as error:
        raise ValueError(
            f"logger.mode=online: the server of Weights & Biases cannot be used ({' '.join(str(error).split())}); "
            "logger.mode=offline keeps the run here, and wandb sync sends it later"
        ) from error
    return WandbLogger(experiment=run)


def log_samples(pairs: Sequence[tuple[Any, ...]]) -> None:
    """Show pairs with their margins as a table in the run that is open, if any.

    Args:
        pairs: see `SAMPLE_COLUMNS`.
    """
    log_table("samples", SAMPLE_COLUMNS, pairs)


def log_table(name: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Show rows as a table in the run that is open, if any."""
    if (run := _open_run()) is not None:
        run.log({name: sys.modules["wandb"].Table(list(columns), [list(row) for row in rows])})


def finish_wandb() -> None:
    """Close the run that is open, if any: a process may hold several runs, one after the other."""
    if (run := _open_run()) is not None:
        run.finish()


def _open_run() -> Any:
    return getattr(sys.modules.get("wandb"), "run", None)  # to import it takes half a second


def _run_id(folder: Path) -> str:
    """The same for a run that goes on: what it sends later belongs to what it has sent."""
    path = folder / "wandb" / "run_id"
    if not path.is_file():
        write_text(path, secrets.token_hex(4))
    return path.read_text(encoding="utf-8")


def _has_key() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai").split("//")[-1].rstrip("/")
    file = Path(os.environ.get("NETRC", Path.home() / ".netrc"))
    try:
        return file.is_file() and netrc.netrc(file).authenticators(host) is not None
    except netrc.NetrcParseError:
        return False
