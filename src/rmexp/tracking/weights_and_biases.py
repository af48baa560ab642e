"""Weights & Biases: offline unless asked, and never waiting for an answer that cannot come."""

import logging
import os
import secrets
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from rmexp.durable import write_text
from rmexp.tracking.logged_figures import columns, figures_of
from rmexp.tracking.metrics_csv import NOT_FIGURES, read_metrics
from rmexp.tracking.tracked_run import Results, Table, TrackedRun
from rmexp.tracking.tracker import OpenRun, Outcome
from rmexp.tracking.wandb_artifacts import log_artifacts
from rmexp.tracking.wandb_staging import Staging, write_beside
from rmexp.tracking.wandb_sweep import beside_the_trial, trial_config, trial_id

if TYPE_CHECKING:
    import wandb

log = logging.getLogger(__name__)

Mode = Literal["offline", "online", "disabled"]
MODES: tuple[Mode, ...] = get_args(Mode)
LONGEST_WAIT = 18  # seconds; what wandb does about it afterwards takes some more
STEP = "trainer/global_step"
EXIT_CODES: Mapping[Outcome, int] = {"finished": 0, "failed": 1, "killed": 255}  # as Weights & Biases reads them


@dataclass(frozen=True, kw_only=True)
class WeightsAndBiases:
    """Weights & Biases; None leaves a setting to wandb's own environment variables and settings file.

    Attributes:
        mode: `offline` writes into the run folder, `online` sends, `disabled` does nothing; then `offline`.
        project: its name; then `rmexp`.
        entity: user or team; then the default one.
        group: of runs that belong together; then the sweep or comparison.
        name: of the run; then that of its folder.
        notes: about the run.
        job_type: then the task or verb.
        tags: of the run.
        artifacts: what is logged as such: `model`, `report`, `scored`.
    """

    mode: Mode | None = None
    project: str | None = None
    entity: str | None = None
    group: str | None = None
    name: str | None = None
    notes: str | None = None
    job_type: str | None = None
    tags: Sequence[str] = ()
    artifacts: Sequence[str] = ()

    def ready(self) -> None:
        """Look whether a run could be opened.

        Raises:
            ValueError: the mode is unknown, or it is `online` and there is no key or the server does not answer.
        """
        if self._settings().mode == "online":
            from rmexp.tracking.wandb_login import check_server

            check_server()

    def open(self, run: TrackedRun) -> OpenRun:
        """Open a run, offline as a new file that takes the place of an older one of this folder.

        Raises:
            ValueError: the server cannot be used.
        """
        settings = self._settings()
        # its service may run in a folder of its own; a folder is one run, however often its process was started
        folder, own_id = run.folder.resolve(), _run_id(run)
        write_beside(folder)
        older = [] if settings.mode == "disabled" else [*folder.glob(f"wandb/offline-run-*-{own_id}")]
        with nullcontext() if run.whole else beside_the_trial(settings):
            opened = _opened(
                settings,
                id=own_id,
                resume="allow" if settings.mode == "online" else None,
                dir=folder,
                name=settings.run_name or run.name,
                notes=settings.run_notes,
                project=settings.project or "rmexp",
                entity=settings.entity,
                group=settings.run_group or run.belongs_to,
                tags=list(settings.run_tags or ()),
                job_type=settings.run_job_type or run.task,
                config=trial_config({**run.config, "rmexp": dict(run.about)}, settings),
            )
        for cut in older:
            shutil.rmtree(cut)
        staging = None if settings.mode == "disabled" else Staging(folder)
        return _Run(opened, run, frozenset(self.artifacts), staging)

    def _settings(self) -> "wandb.Settings":
        """Those of the command line before those of wandb itself."""
        os.environ.setdefault("WANDB_SILENT", "true")
        from rmexp.tracking.wandb_login import known_settings  # wandb takes half a second

        if self.mode not in (*MODES, None):
            raise ValueError(f"logger.mode must be {', '.join(MODES[:-1])} or {MODES[-1]}, got {self.mode}")
        settings = known_settings()
        settings.init_timeout = settings.finish_timeout = LONGEST_WAIT
        settings.reinit = "create_new"
        if "mode" not in settings.model_fields_set:
            settings.mode = "offline"  # wandb's own default would wait for a key
        own = {"run_group": "group", "run_name": "name", "run_notes": "notes", "run_job_type": "job_type"}
        for theirs, ours in {"mode": "mode", "project": "project", "entity": "entity", **own}.items():
            if (value := getattr(self, ours)) is not None:
                setattr(settings, theirs, value)
        if self.tags:
            settings.run_tags = tuple(self.tags)
        return settings


class _Run:
    """A run that wandb has opened."""

    def __init__(self, run: "wandb.Run", told: TrackedRun, artifacts: frozenset[str], staging: Staging | None) -> None:
        self._run, self._folder, self._artifacts, self._staging = run, told.folder, artifacts, staging
        self.last_step = run.starting_step - 1 if run.resumed else 0
        self._step = 0  # whose row is open
        run.define_metric(STEP)
        run.define_metric("*", step_metric=STEP, step_sync=True)
        for name in columns(figures_of(told.task)):  # all alike would tear histograms and tables to pieces, too
            run.define_metric(name, step_metric=STEP, step_sync=True, summary="min,max,last")

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        """One row of the history."""
        self._run.log({**values, STEP: step}, step=step)
        self._step = step

    def histogram(self, step: int, name: str, values: Sequence[float]) -> None:
        """In the row of its step."""
        import wandb

        self._run.log({name: wandb.Histogram(list(values)), STEP: step}, step=step)

    def table(self, step: int, table: Table) -> None:
        """In the row of its step."""
        self._run.log({table.name: _table(table), STEP: step}, step=step)

    def results(self, results: Results) -> None:
        """Into the summary, so that to send them again adds nothing."""
        if self._step:
            self._run.log({}, step=self._step, commit=True)  # or the last row would overwrite the summary when it ends
        self._run.config.update({"rmexp": {**dict(self._run.config.get("rmexp", {})), **results.about}}, True)
        self._run.summary.update({f"final/{name}": value for name, value in results.figures.items()})
        self._run.summary.update(_ends(self._folder))
        for table in results.tables:
            self._run.summary[table.name] = _table(table)
        if self._artifacts:
            log_artifacts(self._run, results, self._artifacts)

    def close(self, outcome: Outcome) -> None:
        """Finish it; a server that does not answer is not waited for."""
        try:
            self._run.finish(exit_code=EXIT_CODES[outcome])
        finally:
            if self._staging is not None:
                self._staging.close()


def _ends(folder: Path) -> dict[str, dict[str, float]]:
    """The smallest, the largest and the last value of each curve; wandb forgets those from before a run went on."""
    values: defaultdict[str, list[float]] = defaultdict(list)
    for row in read_metrics(folder / "metrics.csv"):
        for name, value in row.items():
            if value and name not in NOT_FIGURES:
                values[name].append(float(value))
    return {name: {"min": min(curve), "max": max(curve), "last": curve[-1]} for name, curve in values.items()}


def _opened(settings: "wandb.Settings", **options: Any) -> "wandb.Run":
    """A run, of the arguments of wandb.init.

    Raises:
        ValueError: the server cannot be used.
    """
    import wandb

    if settings.mode != "online":
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # it would look its server up all the same
    try:
        with _quick_start():
            return wandb.init(settings=settings, **options)
    except Exception as error:  # of many kinds, some of them in private modules
        raise ValueError(
            f"logger.mode={settings.mode}: Weights & Biases cannot be used ({' '.join(str(error).split())}); "
            "logger=csv keeps the run here, and rmexp track sends it later"
        ) from error


@contextmanager
def _quick_start() -> Iterator[None]:
    """Keep wandb from importing what nobody asks it for, which takes it more than a second."""
    import wandb.util
    from wandb.sdk.wandb_run import Run

    wandb.util.pd_available = False  # else it imports pandas with the first histogram; frames are known by name, too
    looks_for_inputs = Run._detect_and_apply_job_inputs
    if "wandb.sdk.launch" not in sys.modules:  # which alone can have left any
        Run._detect_and_apply_job_inputs = lambda run: None
    try:
        yield
    finally:
        Run._detect_and_apply_job_inputs = looks_for_inputs


def _run_id(run: TrackedRun) -> str:
    """The same for a run that goes on, and that of the trial where an agent started this process."""
    if trial := trial_id(run):
        return trial
    path = run.folder / "wandb" / "run_id"
    if not path.is_file():
        write_text(path, secrets.token_hex(4))
    return path.read_text(encoding="utf-8")


def _table(table: Table) -> "wandb.Table":
    import wandb

    return wandb.Table(list(table.columns), [list(row) for row in table.rows])
