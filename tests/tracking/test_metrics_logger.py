import pytest

from rmexp.tracking.metrics_csv import COLUMNS, read_metrics
from rmexp.tracking.metrics_logger import MetricsCSV


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.csv"


def log_steps(logger, first, last):
    for step in range(first, last + 1):
        logger.log_metrics({"train/loss": 1 / step, "lr": 1e-4, "epoch": 0}, step)


def test_a_row_a_step_with_the_same_columns(path):
    logger = MetricsCSV(path, steps_per_epoch=4)
    assert path.read_text().splitlines() == [",".join(COLUMNS)]
    log_steps(logger, 1, 3)
    logger.log_metrics({"val/loss": 0.5, "val/accuracy": 0.75}, 3)
    rows = read_metrics(path)
    assert all(tuple(row) == COLUMNS for row in rows)
    assert [(row["step"], row["epoch"]) for row in rows] == [("1", "0.25"), ("2", "0.5"), ("3", "0.75"), ("3", "0.75")]
    assert [row["train/loss"] for row in rows] == ["1", "0.5", "0.333333333", ""]
    assert (rows[3]["val/loss"], rows[3]["val/accuracy"], rows[3]["lr"]) == ("0.5", "0.75", "")
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)


def test_nothing_but_an_epoch_is_no_row(path):
    MetricsCSV(path, 4).log_metrics({"epoch": 0.0}, 3)
    assert read_metrics(path) == []


def test_resuming_keeps_the_rows_up_to_the_step_and_its_time(path):
    log_steps(MetricsCSV(path, 4), 1, 6)
    before = read_metrics(path)
    resumed = MetricsCSV(path, 4, keep_steps=4)
    assert read_metrics(path) == before[:4]
    log_steps(resumed, 5, 8)
    rows = read_metrics(path)
    assert [row["step"] for row in rows] == [str(step) for step in range(1, 9)]
    assert float(rows[4]["seconds"]) >= float(rows[3]["seconds"])
    assert [row["train/loss"] for row in rows[:6]] == [row["train/loss"] for row in before]


def test_a_new_run_starts_anew(path):
    log_steps(MetricsCSV(path, 4), 1, 6)
    MetricsCSV(path, 4)
    assert read_metrics(path) == []


def test_a_figure_without_a_column_is_refused(path):
    with pytest.raises(ValueError, match="colour"):
        MetricsCSV(path, 4).log_metrics({"colour": 1.0}, 0)
    assert read_metrics(path) == []
