"""MLflow: a run on a tracking server."""

import importlib.util
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from rmexp.durable import write_text
from rmexp.tracking.tracked_run import Results, Table, TrackedRun
from rmexp.tracking.tracker import OpenRun, Outcome

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

T = TypeVar("T")
LONGEST_WAIT = 10  # seconds
LONGEST_VALUE = 6000  # characters of a parameter, as the server takes them
IN_A_BATCH = 100  # parameters or tags that it takes at once; of figures it would take more
ENDINGS: Mapping[Outcome, str] = {"finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
SETTINGS = {"MLFLOW_HTTP_REQUEST_TIMEOUT": str(LONGEST_WAIT), "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}


@dataclass(frozen=True, kw_only=True)
class MLflowServer:
    """MLflow.

    Attributes:
        experiment: that runs belong to.
        tracking_uri: of the server; None takes MLFLOW_TRACKING_URI.
        name: of the run; None: that of its folder.
        notes: about the run.
        tags: of the run.
        artifacts: what is logged as such: `model`, `report`, `scored`.
    """

    experiment: str = "rmexp"
    tracking_uri: str | None = None
    name: str | None = None
    notes: str | None = None
    tags: Sequence[str] = ()
    artifacts: Sequence[str] = ()

    def ready(self) -> None:
        """Look for the package, and whether the server answers.

        Raises:
            ValueError: there is no package, no address, or no answer.
        """
        if importlib.util.find_spec("mlflow") is None:
            raise ValueError("logger=mlflow needs the package mlflow-skinny (pip install 'rmexp[mlflow]')")
        address = self._address()
        if not address.startswith(("http://", "https://")):
            return  # a store that the full package reads itself
        try:
            with urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=LONGEST_WAIT):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return  # a server that wants a login answers, too
            reason = f"it answers {error.code}"
        except OSError as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        raise ValueError(
            f"logger=mlflow: the server {address} cannot be used ({reason}); logger=csv keeps the run here, and rmexp "
            "track sends it later"
        )

    def open(self, run: TrackedRun) -> OpenRun:
        """Open a run, or that which this folder had before.

        Raises:
            ValueError: the server does not take it.
        """
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        client = MlflowClient(self._address())
        try:
            return _Run(client, self._run_id(client, run), run, self.artifacts)
        except MlflowException as error:
            raise ValueError(f"logger=mlflow: {self._address()} does not take the run ({error})") from error

    def _address(self) -> str:
        address = self.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
        if not address:
            raise ValueError(
                "logger=mlflow needs the address of a tracking server, such as logger.tracking_uri=http://HOST:5000 or "
                "MLFLOW_TRACKING_URI, but there is none"
            )
        return address

    def _run_id(self, client: "MlflowClient", run: TrackedRun) -> str:
        path = run.folder / "mlflow" / "run_id"
        if path.is_file():
            known = path.read_text(encoding="utf-8")
            client.set_terminated(known, "RUNNING")
            return known
        found = client.get_experiment_by_name(self.experiment)
        experiment = client.create_experiment(self.experiment) if found is None else found.experiment_id
        tags = {"job_type": run.task, **dict.fromkeys(self.tags, "true")}
        tags |= {"sweep": run.belongs_to} if run.belongs_to else {}
        tags |= {"mlflow.note.content": self.notes} if self.notes else {}
        made: str = client.create_run(experiment, tags=tags, run_name=self.name or run.name).info.run_id
        write_text(path, made)
        return made


class _Run:
    """A run that the server has opened."""

    def __init__(self, client: "MlflowClient", run_id: str, run: TrackedRun, artifacts: Sequence[str]) -> None:
        self._client, self._id, self._artifacts = client, run_id, artifacts
        self.last_step = self._last_step()
        self._log_parameters(run.flat())

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        """A point of each curve, in one message."""
        self._client.log_batch(self._id, metrics=[_metric(name, value, step) for name, value in values.items()])

    def histogram(self, step: int, name: str, values: Sequence[float]) -> None:
        """Nothing: MLflow draws none."""

    def table(self, step: int, table: Table) -> None:
        """A file of rows that its pages show."""
        rows = {"columns": list(table.columns), "data": [list(row) for row in table.rows]}
        self._client.log_dict(self._id, rows, f"tables/{table.name}-{step}.json")

    def results(self, results: Results) -> None:
        """Final figures at step 0, where a second sending takes the place of the first."""
        known = self._client.get_run(self._id).data.metrics
        metrics = [_metric(f"final/{name}", value, 0) for name, value in results.figures.items()]
        for some in _batches([metric for metric in metrics if known.get(metric.key) != metric.value]):
            self._client.log_batch(self._id, metrics=some)
        about = {f"rmexp.{name}": value for name, value in results.about.items()}
        self._log_tags(about | {f"used.{kind}": fingerprint for kind, fingerprint in results.used.items()})
        for table in results.tables:
            rows = {"columns": list(table.columns), "data": [list(row) for row in table.rows]}
            self._client.log_dict(self._id, rows, f"tables/{table.name}.json")
        for artifact in results.artifacts:
            if artifact.kind in self._artifacts:
                log_artifact = self._client.log_artifacts if artifact.path.is_dir() else self._client.log_artifact
                log_artifact(self._id, str(artifact.path), artifact.kind)

    def close(self, outcome: Outcome) -> None:
        """End it."""
        self._client.set_terminated(self._id, ENDINGS[outcome])

    def _last_step(self) -> int:
        """That the server knows figures of."""
        names = [name for name in self._client.get_run(self._id).data.metrics if not name.startswith("final/")]
        return max(
            (metric.step for name in names for metric in self._client.get_metric_history(self._id, name)), default=0
        )

    def _log_parameters(self, settings: Mapping[str, object]) -> None:
        from mlflow.entities import Param

        known = self._client.get_run(self._id).data.params  # which cannot be changed
        flat = {key: str(value)[:LONGEST_VALUE] for key, value in settings.items() if key not in known}
        parameters = [Param(key, value) for key, value in flat.items()]
        for some in _batches(parameters):
            self._client.log_batch(self._id, params=some)

    def _log_tags(self, tags: Mapping[str, object]) -> None:
        from mlflow.entities import RunTag

        for some in _batches([RunTag(name, str(value)) for name, value in tags.items()]):
            self._client.log_batch(self._id, tags=some)


def _metric(name: str, value: float, step: int) -> "Metric":
    from mlflow.entities import Metric

    return Metric(name, float(value), int(time.time() * 1000), step)


def _batches(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), IN_A_BATCH):
        yield items[start : start + IN_A_BATCH]
