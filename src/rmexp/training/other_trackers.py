"""Lightning's own loggers beside metrics.csv, for those who have TensorBoard or MLflow already."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import MLFlowLogger, TensorBoardLogger


def tensorboard_logger(
    *, folder: Path, name: str, job_type: str, belongs_to: str | None, config: Mapping[str, Any]
) -> Any:
    """Event files in the run folder: `tensorboard --logdir SWEEP` shows a whole sweep.

    Args:
        folder: the run folder.
        name: of the run; the run folder tells it already.
        job_type: the task, likewise.
        belongs_to: name of the sweep or comparison, likewise.
        config: the configuration, likewise.
    """
    try:
        return TensorBoardLogger(folder, name="tensorboard", version="")
    except ModuleNotFoundError as error:
        raise ValueError("logger=tensorboard needs the package tensorboard (pip install tensorboard)") from error


def mlflow_logger(
    *,
    experiment: str,
    tracking_uri: str | None,
    folder: Path,
    name: str,
    job_type: str,
    belongs_to: str | None,
    config: Mapping[str, Any],
) -> Any:
    """A run of MLflow.

    Args:
        experiment: that it belongs to.
        tracking_uri: server or data base; None for one in the run folder.
        folder: the run folder.
        name: of the run.
        job_type: the task.
        belongs_to: name of the sweep or comparison; None outside one.
        config: the configuration, unresolved and without secrets.
    """
    tags = {"job_type": job_type, **({"sweep": belongs_to} if belongs_to else {})}
    try:
        logger = MLFlowLogger(
            experiment_name=experiment,
            run_name=name,
            tracking_uri=tracking_uri or f"sqlite:///{folder.resolve() / 'mlflow.db'}",
            tags=tags,
        )
    except ModuleNotFoundError as error:
        raise ValueError("logger=mlflow needs the package mlflow (pip install mlflow)") from error
    logger.log_hyperparams(dict(config))
    return logger
