from dataclasses import replace

import pytest

from rmexp.reports.made import Made
from rmexp.reports.run.content import RunReport, headline, mark
from rmexp.reports.run.verdict import verdict
from rmexp.runs.environment import Environment
from rmexp.runs.folder import FailureLeft
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import KeptWeights, LastValidation, ModelMade, TrainSummary, ValidatedAt

ROW = HeldOutRow("explicit", "pairs", "val", None, 100, accuracy=0.8, accuracy_low=0.7, accuracy_high=0.87, nll=0.5)
SUMMARY = TrainSummary(
    "reward", ModelMade("m", "abc", 1), 40, 1.0, evaluation=(ROW,), val=LastValidation(100, 0.5, 0.8)
)


def losses(*values):
    return [{"step": str(10 * i), "epoch": str(i), "val/loss": str(value)} for i, value in enumerate(values, 1)]


def told(summary=SUMMARY, rows=(), failure=None):
    return verdict(RunReport(Made("run", Environment(), ""), "d", "m", summary, list(rows), [], failure))


@pytest.mark.parametrize(
    ("figures", "begins"),
    [
        ({}, "Learnt: 80.0 % of 100 pairs of pairs val [70.0 %, 87.0 %] stand in the right order."),
        ({"accuracy_low": 0.5}, "Not better than chance: 80.0 %"),
        ({"accuracy": 0.2, "accuracy_low": 0.1, "accuracy_high": 0.4}, "Worse than chance: 20.0 %"),
        ({"accuracy_low": None}, "Too few pairs to tell: 80.0 %"),
        (
            {"accuracy": 0.5, "accuracy_low": None, "accuracy_high": None, "tie_rate": 1.0},
            "Nothing is told apart: 100 pairs of pairs val, all with equal scores.",
        ),
    ],
)
def test_the_interval_decides(figures, begins):
    first, *_ = told(replace(SUMMARY, evaluation=(replace(ROW, **figures),)))
    assert first.startswith(begins)


def test_length_the_ceiling_and_confidence_are_remarked_upon():
    row = replace(ROW, longer_accuracy=0.85, bayes_accuracy=0.9, nll=1.5)
    _, length, ceiling, sure = told(replace(SUMMARY, evaluation=(row,)))
    assert "85.0 %" in length
    assert ceiling == "No scorer can be expected to get more than 90.0 %."
    assert "1.5" in sure


KEPT = KeptWeights(10, 40, "val/loss", 4, stopped=False, selected=True, last=ValidatedAt(40, 3.0, 0.5))


def test_where_training_and_validation_part():
    rows = losses(0.71, 0.9, 2.0, 3.0)
    said = (
        "Over-fitted: validation loss is lowest at step 10 of 40 (0.71) and 3 at the end; the model has the weights of"
    )
    remark = "validation loss is lowest at step 10 of 40: over-fitted; trainer.patience=3 stops there"
    told_so = told(replace(SUMMARY, kept=KEPT, remarks=(remark,)), rows)
    assert told_so[1:] == ["Validation loss is lowest at step 10 of 40: over-fitted; trainer.patience=3 stops there."]
    assert told(rows=rows)[1] == f"{said} the end (trainer.keep=best keeps the others)."
    assert len(told(rows=losses(0.9, 0.71, 0.72))) == 1  # within what a validation moves by itself


def test_a_set_that_chose_the_step_is_no_headline_where_there_is_another():
    chose, unseen = replace(ROW, selected_on=True), replace(ROW, split="unseen", accuracy=0.75)
    other = replace(ROW, data="other", split="test")
    assert headline(replace(SUMMARY, evaluation=(ROW, unseen, other))) == ROW
    assert headline(replace(SUMMARY, evaluation=(chose, unseen, other))) == unseen
    alone = replace(SUMMARY, evaluation=(chose, other))
    assert headline(alone) == chose
    assert "of pairs val (chose the step) [70.0 %, 87.0 %] stand" in told(alone)[0]


def test_a_language_model_is_told_by_its_loss():
    sft = replace(SUMMARY, task="sft", evaluation=())
    first = {"step": "1", "train/loss": "5.0"}
    assert told(sft, [first, *losses(3.0, 2.5)]) == [
        "Learnt: validation loss is 2.5, from a loss of 5 on the first batch."
    ]
    assert told(sft, [first, *losses(6.0)])[0].startswith("Not learnt: ")
    assert told(sft, [first]) == ["Nothing that it did not learn from was judged (data.val_fraction=0)."]


def test_a_run_that_is_not_finished_or_failed():
    assert told(None, losses(0.5, 0.4)) == ["Not finished: 20 steps are done, and the same command goes on with it."]
    assert told(None, failure=FailureLeft("ValueError: bad")) == []


def test_the_marked_step_is_the_kept_one_else_that_of_the_lowest_loss():
    rows = losses(0.9, 0.7, 0.8)
    assert mark(SUMMARY, rows) == (20.0, 2.0, "lowest: step 20")
    assert mark(replace(SUMMARY, kept=KEPT), rows) == (10.0, 1.0, "kept: step 10")
    assert mark(SUMMARY, []) is None
