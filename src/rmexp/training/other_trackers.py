"""Lightning's own loggers beside metrics.csv, for those who have TensorBoard or MLflow already."""

from lightning.pytorch.loggers import MLFlowLogger, TensorBoardLogger

from rmexp.training.tracked_run import TrackedRun


def tensorboard_logger(*, run: TrackedRun) -> TensorBoardLogger:
    """Event files in the run folder: `tensorboard --logdir SWEEP` shows a whole sweep.

    Args:
        run: whose folder; that tells the rest already.
    """
    try:
        return TensorBoardLogger(run.folder, name="tensorboard", version="")
    except ModuleNotFoundError as error:
        raise ValueError("logger=tensorboard needs the package tensorboard (pip install tensorboard)") from error


def mlflow_logger(*, experiment: str, tracking_uri: str | None, run: TrackedRun) -> MLFlowLogger:
    """A run of MLflow.

    Args:
        experiment: that it belongs to.
        tracking_uri: server or data base; None for one in the run folder.
        run: what is tracked.
    """
    tags = {"job_type": run.task, **({"sweep": run.belongs_to} if run.belongs_to else {})}
    try:
        logger = MLFlowLogger(
            experiment_name=experiment,
            run_name=run.name,
            tracking_uri=tracking_uri or f"sqlite:///{run.folder.resolve() / 'mlflow.db'}",
            tags=tags,
        )
    except ModuleNotFoundError as error:
        raise ValueError("logger=mlflow needs the package mlflow (pip install mlflow)") from error
    logger.log_hyperparams(dict(run.config))
    return logger
