import pytest

from rmexp.runs.summaries.train import KeptWeights
from rmexp.stages.remarks import overfitting

THERE = ": over-fitted; trainer.patience={} stops there"


def kept(step, last, *, stopped=False, monitor="val/loss"):
    return KeptWeights(step, last, monitor, 1, stopped, True, None)


def rows(train, val, every=10):
    """A training loss for each stretch between validations, and each validation."""
    for place, (learnt, judged) in enumerate(zip(train, val, strict=True)):
        for step in range(place * every + 1, (place + 1) * every + 1):
            yield {"step": str(step), "train/loss": str(learnt), "val/loss": ""}
        yield {"step": str((place + 1) * every), "train/loss": "", "val/loss": str(judged)}


@pytest.mark.parametrize(
    ("train", "val", "expected"),
    [
        ([0.7, 0.4, 0.2, 0.1, 0.0], [0.71, 1.0, 1.9, 2.2, 2.9], f"step 10 of 50{THERE.format(3)}"),
        # a worse stretch of three comes before the best
        ([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1], [0.9, 1, 1, 1, 0.8, 1, 1, 1, 1, 1],
         f"step 50 of 100{THERE.format(4)}"),
        ([0.7, 0.4, 0.1], [0.71, 1.0, 1.9], "step 10 of 30: over-fitted; trainer.patience=1 stops there"),
        ([0.7, 0.4], [0.71, 1.0], "step 10 of 20: over-fitted"),  # no patience ends before the end
        ([0.7, 0.4, 0.3], [0.71, "nan", 1.0], "step 10 of 30: over-fitted; trainer.patience=1 stops there"),
        ([0.7, 0.4, 0.3], [0.71, 0.70, 0.72], None),  # as good as the best
        ([0.7, 0.4, 0.3], [0.9, 0.8, 0.7], None),
        ([0.3, 0.4, 0.9], [0.71, 1.0, 1.9], None),  # diverges: both rise
        ([0.3], ["nan"], None),
    ],
)  # fmt: skip
def test_where_train_and_validation_part(train, val, expected):
    found = list(overfitting(kept(10, 10 * len(val)), list(rows(train, val))))
    assert found == ([] if expected is None else [f"validation loss is lowest at {expected}"])


def test_a_run_that_was_stopped_is_told_no_patience():
    parted = list(rows([0.7, 0.4, 0.2, 0.1], [0.71, 1.0, 1.9, 2.2]))
    assert list(overfitting(kept(10, 40, stopped=True), parted)) == [
        "validation loss is lowest at step 10 of 40: over-fitted"
    ]
    (sentence,) = overfitting(kept(10, 40, monitor="val/accuracy"), parted)
    assert "patience" not in sentence
