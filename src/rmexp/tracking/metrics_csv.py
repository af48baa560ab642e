"""metrics.csv: one row per logged step, the same columns from the first row to the last."""

from pathlib import Path

from rmexp.left_files import read_table
from rmexp.tracking.logged_figures import STAGE_FIGURES, columns

COLUMNS = columns(STAGE_FIGURES)
NOT_FIGURES = ("step", "seconds")  # they say where a row belongs


def read_metrics(path: Path) -> list[dict[str, str]]:
    """The rows of a metrics.csv, none where there is none; figures that a row does not have are empty.

    Raises:
        ValueError: the file is damaged.
    """
    return read_table(path, "step", "seconds")
