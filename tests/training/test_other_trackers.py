from functools import partial

import pytest

from rmexp.training.other_trackers import mlflow_logger, tensorboard_logger
from rmexp.training.tracked_run import TrackedRun


def tracked(folder):
    return TrackedRun(folder, "seed=0", "reward", "lr-sweep", {"seed": 0})


def test_tensorboard_writes_into_the_run_folder(tmp_path):
    pytest.importorskip("tensorboard")
    logger = tensorboard_logger(run=tracked(tmp_path))
    logger.log_metrics({"train/loss": 0.5}, 0)
    logger.finalize("success")
    assert list(tmp_path.glob("tensorboard/events.out.*"))


def test_mlflow_knows_task_and_sweep(tmp_path):
    pytest.importorskip("mlflow.store.tracking.sqlalchemy_store")
    logger = mlflow_logger(experiment="rmexp", tracking_uri=None, run=tracked(tmp_path))
    logger.log_metrics({"train/loss": 0.5}, 0)
    run = logger.experiment.get_run(logger.run_id)
    assert run.data.tags["sweep"] == "lr-sweep"
    assert run.data.params == {"seed": "0"}
    assert run.data.metrics == {"train/loss": 0.5}
    assert (tmp_path / "mlflow.db").is_file()


@pytest.mark.parametrize("name", ["TensorBoardLogger", "MLFlowLogger"])
def test_a_missing_package_is_told(tmp_path, monkeypatch, name):
    def missing(*arguments, **options):
        raise ModuleNotFoundError

    monkeypatch.setattr(f"rmexp.training.other_trackers.{name}", missing)
    make = {
        "TensorBoardLogger": tensorboard_logger,
        "MLFlowLogger": partial(mlflow_logger, experiment="", tracking_uri=""),
    }
    with pytest.raises(ValueError, match="pip install"):
        make[name](run=tracked(tmp_path))
