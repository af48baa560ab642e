import numpy as np
import pytest

from rmexp.runs.summaries.train import KeptWeights
from rmexp.stages.remarks import overfitting, rise_is_told
from rmexp.tracking.validations import Validation

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


@pytest.mark.parametrize("logged", [set(), {10}, {40}])
def test_a_stretch_without_logged_steps_says_nothing(logged):
    """Of trainer.log_every_n_steps=0, or more steps than lie between two validations."""
    parted = rows([0.7, 0.4, 0.2, 0.1], [0.71, 1.0, 1.9, 2.2])
    some = [row for row in parted if row["val/loss"] or int(row["step"]) in logged]
    assert list(overfitting(kept(10, 40), some)) == []


def validated(step, margins):
    rewards = np.stack([margins, np.zeros(len(margins))], axis=1)
    return Validation(step, step / 40, rewards, np.ones(len(margins)))


def losses(validations):
    return {one.step: float(np.logaddexp(0, -one.rewards[:, 0]).mean()) for one in validations}


def told(validations, clusters):
    found = losses(validations)
    best, last = min(found, key=found.__getitem__), max(found)
    return rise_is_told(found, best, last, validations=validations, clusters=clusters)


def test_a_rise_on_many_prompts_is_told_and_one_on_few_is_not():
    margins = np.random.default_rng(0).normal(size=60)
    both = [validated(10, margins), validated(20, 3 * margins)]
    assert told(both, np.arange(60))
    assert not told(both, np.arange(60) // 10), "six prompts do not tell"
    assert not told([validated(10, margins[:5]), validated(20, 3 * margins[:5])], np.arange(5))


def test_a_rise_from_the_least_of_many_that_differ_by_chance_is_seldom_told():
    rng, found = np.random.default_rng(0), []
    for _ in range(200):
        several = [validated(step, rng.normal(scale=0.5, size=40)) for step in range(10, 210, 10)]
        found.append(told(several, np.arange(40)))
    assert np.mean(found) <= 0.025 + 2 * np.sqrt(0.025 / 200)


def test_of_what_was_not_kept_and_of_other_losses_the_losses_are_believed():
    few = [validated(10, np.zeros(5)), validated(20, -np.ones(5))]
    assert rise_is_told(losses(few), 10, 20, validations=[], clusters=np.arange(5))
    assert rise_is_told(losses(few), 10, 20, validations=few, clusters=None)
    assert rise_is_told({10: 3.0, 20: 9.0}, 10, 20, validations=few, clusters=np.arange(5))
