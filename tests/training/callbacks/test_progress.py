import logging
import re

import pytest
from lightning.pytorch.callbacks import RichProgressBar

from rmexp.training.callbacks.progress import ProgressLines, progress


@pytest.mark.parametrize(
    ("out", "error", "expected"),
    [(True, True, RichProgressBar), (False, True, ProgressLines), (True, False, ProgressLines)],
)
def test_a_bar_needs_a_terminal(monkeypatch, out, error, expected):
    monkeypatch.setattr("sys.stdout.isatty", lambda: out)
    monkeypatch.setattr("sys.stderr.isatty", lambda: error)
    assert isinstance(progress(10), expected)


def lines_of(caplog, fit, toy, **options):
    with caplog.at_level(logging.INFO, "rmexp"):
        fit(toy, 10, 5, None, ProgressLines(2), **options)
    return [re.sub(r" +", " ", record.getMessage()).strip() for record in caplog.records]


def test_lines_now_and_then_and_for_every_validation(caplog, fit, toy):
    lines = lines_of(caplog, fit, toy)
    trained = [line for line in lines if "train/loss" in line]
    assert [line.partition(" train")[0] for line in trained] == [f"step {step} of 10" for step in (2, 4, 6, 8, 10)]
    assert all(re.search(r"train/loss -0\.\d{2,4} train/accuracy 0\.5$", line) for line in trained)
    validated = [line for line in lines if "val/loss" in line]
    assert [line.partition(" val")[0] for line in validated] == ["step 5", "step 10"]


def test_one_line_a_step_of_several_batches(caplog, fit, toy):
    trained = [line for line in lines_of(caplog, fit, toy, accumulate_grad_batches=2) if "train/loss" in line]
    assert [line.partition(" train")[0] for line in trained] == ["step 2 of 5", "step 4 of 5"]
