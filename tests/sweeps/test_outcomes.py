import pytest

from rmexp.runs.summaries.file import write_summary
from rmexp.runs.summaries.train import LastValidation, ModelMade, TrainSummary
from rmexp.sweeps.outcomes import FAILED, FINISHED, FINISHED_BEFORE, Outcome, Standing, headline


@pytest.fixture
def cell(tmp_path):
    def make(name, accuracy, loss, task="reward", state=FINISHED, seconds=0.0):
        val = LastValidation(10, loss, accuracy)
        write_summary(tmp_path / name, TrainSummary(task, ModelMade("model", "abc", 1), 1, 1.0, val=val))
        return Outcome(name, tmp_path / name, state, seconds=seconds)

    return make


def test_the_first_cell_has_nothing_to_be_measured_by():
    assert Standing(8, []).heading(0, "seed=0") == "cell 1 of 8: seed=0"


def test_the_best_so_far_and_the_time_left(cell):
    standing = Standing(8, [cell("seed=0", 0.8, 0.5, state=FINISHED_BEFORE)])
    standing.ended(cell("seed=1", 0.9, 0.4, seconds=10.0))
    standing.ended(cell("seed=2", 0.9, 0.6, seconds=20.0))  # as many right, by less
    best = "best so far accuracy 90.0 %, loss 0.4000 (seed=1)"
    assert standing.heading(2, "seed=3") == f"cell 4 of 8: seed=3; {best}; about 75.0 s left"
    assert standing.finished() == "3 of 8 cells are finished"


def test_language_models_are_compared_by_their_loss(cell):
    standing = Standing(2, [])
    standing.ended(cell("a", 0.5, 2.0, "sft"))
    standing.ended(cell("b", 0.4, 1.0, "sft"))
    assert "(b)" in standing.heading(2, "c")


def test_a_cell_that_failed_is_nobodys_best(cell, tmp_path):
    standing = Standing(2, [])
    standing.ended(Outcome("a", tmp_path / "a", FAILED, "bad luck", 4.0))
    assert standing.heading(1, "b") == "cell 2 of 2: b; about 4.0 s left"
    assert standing.finished() == "0 of 2 cells are finished"


def test_a_verb_without_an_order_has_no_best(tmp_path):
    assert headline(Outcome("a", tmp_path, FINISHED)).worth == ()
