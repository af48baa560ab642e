import logging
import re

import pytest

from rmexp.phases import counting, watched_by
from rmexp.training.callbacks.progress import Progress, ValidationPhase, progress


@pytest.fixture
def lines(caplog, fit, toy):
    def run(**options):
        with caplog.at_level(logging.INFO, "rmexp"):
            fit(toy, 10, 5, None, Progress(2), **options)
        return [re.sub(r" +", " ", record.getMessage()).strip() for record in caplog.records]

    return run


def test_lines_now_and_then_and_for_every_validation(lines):
    found = lines()
    trained = [line for line in found if "train/loss" in line]
    assert [line.partition(" train")[0] for line in trained] == [f"step {step} of 10" for step in (2, 4, 6, 8, 10)]
    assert all(re.search(r"train/loss -0\.\d{2,4} train/accuracy 0\.5$", line) for line in trained)
    validated = [line for line in found if "val/loss" in line]
    assert [line.partition(" val")[0] for line in validated] == ["step 5", "step 10"]


def test_the_figures_of_a_line_are_those_of_its_step(lines, toy):
    weights = [1 + 0.5 / 3 * sum(1 - step / 10 for step in range(done)) for done in range(10)]  # SGD, linear to 0
    losses = [float(line.split("train/loss ")[1].split()[0]) for line in lines() if "train/loss" in line]
    assert losses == pytest.approx([-weights[step - 1] / 3 for step in (2, 4, 6, 8, 10)], abs=1e-4)


def test_one_line_a_step_of_several_batches(lines):
    trained = [line for line in lines(accumulate_grad_batches=2) if "train/loss" in line]
    assert [line.partition(" train")[0] for line in trained] == ["step 2 of 5", "step 4 of 5", "step 5 of 5"]


def test_a_run_that_is_shorter_than_the_pause_between_lines_has_one_at_its_end(fit, toy, caplog):
    with caplog.at_level(logging.INFO, "rmexp"):
        fit(toy, 3, 3, None, Progress(50))
    (line,) = [record.getMessage() for record in caplog.records if "train/loss" in record.getMessage()]
    assert line.split()[:4] == ["step", "3", "of", "3"]


class Seen:
    def __init__(self):
        self.counts, self.phases = [], []

    def changed(self, works):
        self.phases.append([str(work) for work in works])

    def counted(self, done, total, figures):
        self.counts.append((done, total, figures))


def test_a_watcher_hears_of_steps_and_validations_and_the_log_of_validations_alone(lines, fit, toy, caplog):
    seen = Seen()
    with counting(), watched_by(seen), caplog.at_level(logging.INFO, "rmexp"):
        fit(toy, 4, 2, None, progress(1), ValidationPhase())
    assert [(done, total) for done, total, _ in seen.counts] == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert seen.counts[1][2] == {"loss": "-0.3333", "accuracy": "50.0 %", "margin": "0.3333", "lr": "0.5"}
    assert seen.phases == [["validating: after step 2"], [], ["validating: after step 4"], []]
    told = [record.getMessage().split() for record in caplog.records if record.name.startswith("rmexp")]
    assert [line[:2] for line in told] == [["step", "2"], ["step", "4"]]
