import pytest

from rmexp.runs.summaries.file import write_summary
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import LastValidation, ModelMade, TrainSummary
from rmexp.sweeps.outcomes import FAILED, FINISHED, FINISHED_BEFORE, Outcome, Standing, headline, show_outcomes


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


def test_language_models_are_compared_by_their_loss(cell):
    standing = Standing(2, [])
    standing.ended(cell("a", 0.5, 2.0, "sft"))
    standing.ended(cell("b", 0.4, 1.0, "sft"))
    assert "(b)" in standing.heading(2, "c")


def test_a_cell_that_failed_is_nobodys_best(cell, tmp_path):
    standing = Standing(2, [])
    standing.ended(Outcome("a", tmp_path / "a", FAILED, "bad luck", 4.0))
    assert standing.heading(1, "b") == "cell 2 of 2: b; about 4.0 s left"


def test_a_verb_without_an_order_has_no_best(tmp_path):
    assert headline(Outcome("a", tmp_path, FINISHED)).worth == ()


def test_imports_of_the_first_cell_are_no_time_of_the_next_ones(tmp_path):
    standing = Standing(3, [])
    standing.ended(Outcome("a", tmp_path / "a", FINISHED, "", 12.0, 10.0))
    assert standing.heading(1, "b").endswith("about 4.0 s left")


def test_the_table_has_intervals_and_pairs_beside_accuracies(tmp_path, capsys):
    val = LastValidation(100, 0.5, 0.95, 0.0, 0.88, 0.98, few=True)
    write_summary(tmp_path / "a", TrainSummary("reward", ModelMade("model", "abc", 1), 1, 1.0, val=val))
    show_outcomes([Outcome("a", tmp_path / "a", FINISHED)])
    header, line = capsys.readouterr().out.split("\n")[1:3]
    assert header.split() == ["cell", "accuracy", "95", "%", "loss", "pairs"]
    assert " ".join(line.split()) == "a finished 95.0 % [88.0, 98.0] few 0.5000 100 0.0 s"


@pytest.mark.parametrize(
    ("validated", "known", "mark"),
    [
        ((10, None), {"trained_on": 4}, "(4 of 9 trained on)"),
        ((10, True), {"trained_on": 4}, "(4 of 9 trained on)"),
        ((3, True), {"trained_on": 4}, "(4 of all 9 trained on)"),  # data.max_val_pairs
        ((10, True), {}, ""),
    ],
)
def test_pairs_that_were_trained_on_are_counted_among_those_that_are_known(tmp_path, validated, known, mark):
    pairs, chose = validated
    val = LastValidation(pairs, 0.5, 0.75, selected_on=chose)
    own = HeldOutRow("explicit", "a", "val", None, 10, 1, 0.75, selected_on=chose, **known)
    other = HeldOutRow("explicit", "b", "val", None, 10, 0, 0.75, trained_on=10)
    summary = TrainSummary("reward", ModelMade("model", "abc", 1), 1, 1.0, val=val, evaluation=(own, other))
    write_summary(tmp_path / "a", summary)
    figures = headline(Outcome("a", tmp_path / "a", FINISHED)).figures
    assert figures["accuracy"] == f"75.0 % {mark}".strip()
