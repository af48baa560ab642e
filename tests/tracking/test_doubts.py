import math

import pytest

from rmexp.tracking.doubts import CHANCE_STEPS, Doubts, doubts_of

LN2 = math.log(2)


def rows(accuracies, loss=0.7):
    return [
        {"step": str(step), "train/loss": str(loss), "train/accuracy": "" if accuracy is None else str(accuracy)}
        for step, accuracy in enumerate(accuracies, 1)
    ]


@pytest.mark.parametrize(("loss", "said"), [(9.31, True), (1.39, True), (1.38, False), (0.7, False)])
def test_a_first_batch_far_above_ln_2(loss, said):
    found = doubts_of(rows([0.9], loss), Doubts(lambda: LN2))
    assert len(found) == said
    if said:
        assert f"the loss of the first batch is {loss:.3g}, far above the 0.693 (ln 2) of equal rewards" in found[0]


def test_the_measure_is_what_equal_rewards_cost_under_the_loss():
    assert doubts_of(rows([0.9], 2.0), Doubts(lambda: math.log(24))) == []  # lists of four
    assert "far above the 1 of equal" in doubts_of(rows([0.9], 2.5), Doubts(lambda: 1.0))[0]  # hinge
    assert doubts_of(rows([0.9], 80.0), Doubts(lambda: None)) == []  # language modelling


def test_later_batches_are_not_first():
    assert doubts_of(rows([0.9, 0.9], 0.7)[:1] + rows([0.9, 0.9], 50)[1:], Doubts(lambda: LN2)) == []


@pytest.mark.parametrize(
    ("accuracies", "count"),
    [
        ([0.5] * CHANCE_STEPS, 1),
        ([0.5] * 3 * CHANCE_STEPS, 1),  # once
        ([0.5] * (CHANCE_STEPS - 1), 0),
        ([*[0.5] * (CHANCE_STEPS - 1), 0.75, *[0.5] * (CHANCE_STEPS - 1)], 0),
        ([None] * CHANCE_STEPS, 0),
    ],
)
def test_exactly_one_half_for_hundreds_of_steps(accuracies, count):
    found = doubts_of(rows(accuracies), Doubts(lambda: LN2))
    assert len(found) == count
    assert all("exactly 50 % for 200 steps" in sentence for sentence in found)


def test_rows_of_a_validation_break_no_series():
    half = rows([0.5] * CHANCE_STEPS)
    between = {"step": "7", "train/loss": "", "train/accuracy": "", "val/loss": "0.7"}
    assert len(doubts_of([*half[:7], between, *half[7:]], Doubts(lambda: LN2))) == 1
