"""Weights & Biases: offline unless asked, and never waiting for an answer that cannot come."""

import netrc
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.loggers import WandbLogger

from rmexp.durable import write_text
from rmexp.training.tracked_run import TrackedRun

LONGEST_WAIT = 18  # seconds; what wandb does about it afterwards takes some more
SAMPLE_COLUMNS = ("data", "split", "id", "prompt", "chosen", "rejected", "chosen_reward", "rejected_reward", "margin")
STEP = "trainer/global_step"
FAILED, KILLED = 1, 255  # as Weights & Biases reads exit codes


def wandb_logger(
    *,
    mode: Literal["offline", "online"],
    project: str,
    entity: str | None,
    group: str | None,
    tags: Sequence[str],
    run: TrackedRun,
) -> WandbLogger:
    """A logger for one run.

    Args:
        mode: `offline` writes into the run folder, to be sent later by `wandb sync`; `online` sends.
        project: name of the project.
        entity: user or team; None for the default one.
        group: of runs that belong together; None for those of one sweep or comparison.
        tags: of the run.
        run: what is tracked.

    Raises:
        ValueError: the mode is unknown, or it is `online` and no key is at hand (wandb would wait for one for ever) or
            the server does not answer.
    """
    _check_mode(mode)
    opened = _opened(
        id=_run_id(run.folder),
        resume="allow" if mode == "online" else None,
        name=run.name,
        dir=run.folder.resolve(),  # its service may run in a folder of its own
        project=project,
        entity=entity,
        group=group or run.belongs_to,
        tags=list(tags),
        job_type=run.task,
        config=dict(run.config),
        mode=mode,
    )
    opened.define_metric(STEP)  # Lightning does so only for runs that it opens
    opened.define_metric("*", step_metric=STEP, step_sync=True)
    return WandbLogger(experiment=opened)


def _opened(**options: Any) -> Any:
    """A run, of the arguments of wandb.init."""
    if options["mode"] == "offline":
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # it would look its server up all the same
    os.environ.setdefault("WANDB_SILENT", "true")

    import wandb  # half a second, and it reads the environment

    settings = wandb.Settings(init_timeout=LONGEST_WAIT, finish_timeout=LONGEST_WAIT, console="off")
    try:
        return wandb.init(settings=settings, **options)
    except (wandb.errors.CommError, wandb.errors.AuthenticationError, wandb.errors.UsageError) as error:
        raise ValueError(
            f"logger.mode=online: the server of Weights & Biases cannot be used ({' '.join(str(error).split())}); "
            "logger.mode=offline keeps the run here, and wandb sync sends it later"
        ) from error


def _check_mode(mode: str) -> None:
    if mode not in ("offline", "online"):
        raise ValueError(f"logger.mode must be offline or online, got {mode}")
    if mode == "online" and not _has_key():
        raise ValueError(
            "logger.mode=online needs a key in WANDB_API_KEY or in the netrc file (wandb login), but there is none; "
            "logger.mode=offline needs none"
        )


def log_samples(pairs: Sequence[tuple[Any, ...]]) -> None:
    """Show pairs with their rewards as a table in the run that is open, if any.

    Args:
        pairs: see `SAMPLE_COLUMNS`.
    """
    log_table("samples", SAMPLE_COLUMNS, pairs)


def log_table(name: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Show rows as a table in the run that is open, if any."""
    if (run := _open_run()) is not None:
        run.log({name: sys.modules["wandb"].Table(list(columns), [list(row) for row in rows])})


def log_figures(summary: Mapping[str, Any]) -> None:
    """Put final figures beside the curves of the run that is open, if any: runs are sorted and compared by them.

    Args:
        summary: as summary.json has it; every number becomes `final/...`.
    """
    if (run := _open_run()) is not None:
        run.summary.update({f"final/{name}": value for name, value in _numbers(summary)})


def _numbers(node: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in node.items():
        if key == "evaluation":  # rows, each of a place
            rows = {"-".join(filter(None, (row["data"], row["split"], row["slice"]))): row for row in value}
            yield from _numbers(rows)
        elif isinstance(value, Mapping):
            yield from ((f"{key}/{name}", number) for name, number in _numbers(value))
        elif isinstance(value, int | float):
            yield key, value


@contextmanager
def closed_wandb() -> Iterator[None]:
    """Close the run that a block has opened, if any, as what became of the block: finished, failed or killed.

    A process may hold several runs, one after the other.
    """
    code = FAILED
    try:
        yield
        code = 0
    except KeyboardInterrupt:
        code = KILLED
        raise
    finally:
        if (run := _open_run()) is not None:
            run.finish(exit_code=code)


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
