import math
from dataclasses import replace

import numpy as np
import pytest

from rmexp.reports.made import Made
from rmexp.reports.run.content import RunReport, headline, mark
from rmexp.reports.run.verdict import verdict
from rmexp.runs.environment import Environment
from rmexp.runs.failure import FailureLeft
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.policy import BeforeAndAfter, Change, PolicyFigures, RewardScale, SampledMeans
from rmexp.runs.summaries.train import KeptWeights, LastValidation, ModelMade, TrainSummary, ValidatedAt
from rmexp.statistics.shares import Share, clustered_share

ROW = HeldOutRow("explicit", "pairs", "val", None, 100, accuracy=0.8, accuracy_low=0.7, accuracy_high=0.87, nll=0.5)
SUMMARY = TrainSummary(
    "reward", ModelMade("m", "abc", 1), 40, 1.0, evaluation=(ROW,), val=LastValidation(100, 0.5, 0.8)
)


def losses(*values):
    return [{"step": str(10 * i), "epoch": str(i), "val/loss": str(value)} for i, value in enumerate(values, 1)]


def told(summary=SUMMARY, rows=(), failure=None, **more):
    return verdict(RunReport(Made("run", Environment(), ""), "d", "m", summary, list(rows), [], failure, **more))


@pytest.mark.parametrize(
    ("figures", "begins"),
    [
        ({}, "Learnt: 80.0 % of 100 pairs of pairs val [70.0 %, 87.0 %] stand in the right order."),
        ({"accuracy_low": 0.5}, "Not told from chance: 80.0 %"),
        ({"accuracy": 0.2, "accuracy_low": 0.1, "accuracy_high": 0.4}, "Worse than chance: 20.0 %"),
        ({"accuracy_low": None}, "Too little to tell: 80.0 %"),
        (
            {"trained_on": 100},
            "Not told from learning by heart: 80.0 % of 100 pairs of pairs val (100 of 100 trained on) [70.0 %, 87.0 %]"
            " stand in the right order, but it was trained on these pairs; judge it on others.",
        ),
        (
            {"trained_on": 39},
            "Learnt: 80.0 % of 100 pairs of pairs val (39 of 100 trained on)",
        ),  # 31 of 61 others or more
        ({"trained_on": 40}, "Not told from learning by heart"),
        (
            {"tie_rate": 0.25},
            "Learnt: 80.0 % of 100 pairs of pairs val [70.0 %, 87.0 %] stand in the right order; 25.0 % have equal "
            "scores and count one half.",
        ),
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
    assert len(told(replace(SUMMARY, evaluation=(replace(row, nll_low=0.6, nll_high=2.4),)))) == 3, "or by chance"


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
    alone = replace(SUMMARY, evaluation=(chose, other), kept=KEPT)
    assert headline(alone) == chose
    assert "of pairs val (chose the step) [70.0 %, 87.0 %] stand" in told(alone)[0]


def test_a_language_model_is_told_by_its_loss():
    sft = replace(SUMMARY, task="sft", evaluation=(), val=LastValidation(9, 2.7), kept=replace(KEPT, selected=False))
    first = {"step": "1", "train/loss": "5.0"}
    said = "Finished: validation loss is 2.7; that of the first batch was 5."
    assert told(sft, [first, *losses(3.0, 2.5)]) == [said], "of the weights kept, not the least that there was"
    unjudged = replace(sft, val=LastValidation(0))
    assert told(unjudged, [first]) == ["Nothing that it did not learn from was judged (data.val_fraction=0)."]


def test_a_run_that_is_not_finished_or_failed():
    onward = "Unless it still runs, the same command"
    assert told(None, losses(0.5, 0.4), checkpoint=True) == [f"Not finished: 20 steps done. {onward} goes on with it."]
    assert told(None) == [f"Not finished: 0 steps done. {onward} begins it anew."]
    failed, then = told(None, losses(0.5), FailureLeft("ValueError: bad\nline"), checkpoint=True)
    assert failed == "It failed after step 10: ValueError: bad line"
    assert "the same command goes on from the last checkpoint. With another setting" in then
    failed, then = told(None, failure=FailureLeft("ValueError: bad"))
    assert failed == "It failed before its first step: ValueError: bad"
    assert "the same command begins anew" in then
    _, then = told(None, failure=FailureLeft("ValueError: bad"), begun=False)
    assert then.startswith("The same command, or a corrected one, begins anew in this folder.")


def test_the_marked_step_is_the_kept_one_else_that_of_the_lowest_loss():
    rows = losses(0.9, 0.7, 0.8)
    assert mark(SUMMARY, rows) == (20.0, 2.0, "lowest: step 20")
    assert mark(replace(SUMMARY, kept=KEPT), rows) == (10.0, 1.0, "kept: step 10")
    assert mark(SUMMARY, []) is None


def coins(draws, validations, prompts, each, rng):
    """(draws, validations, pairs) of a model that knows nothing, a prompt's pairs being alike for one half."""
    one = rng.random((draws, validations, prompts, each)) < 0.5
    alike = np.broadcast_to(rng.random((draws, validations, prompts, 1)) < 0.5, one.shape)
    return np.where(np.arange(prompts)[:, None] % 2, one, alike).reshape(draws, validations, -1).astype(float)


def learnt(share: Share, kept: KeptWeights) -> bool:
    row = replace(
        ROW, n=share.n, accuracy=share.value, accuracy_low=share.low, accuracy_high=share.high, selected_on=True
    )
    return told(replace(SUMMARY, evaluation=(row,), kept=kept))[0].startswith("Learnt: ")


@pytest.mark.parametrize(("prompts", "each"), [(100, 1), (60, 4), (20, 3)])
@pytest.mark.parametrize("validations", [2, 10, 40])
def test_of_many_validations_of_a_coin_the_best_is_as_seldom_called_learnt_as_one(prompts, each, validations):
    """Validations that have nothing in common are the worst case: the most that there is to choose from."""
    clusters = np.repeat(np.arange(prompts), each)
    kept = replace(KEPT, validations=validations)
    credit = coins(400, validations, prompts, each, np.random.default_rng(0))
    best = credit[np.arange(400), credit.mean(axis=2).argmax(axis=1)]
    found = [clustered_share(one, clusters) for one in best]
    assert np.mean([learnt(share, kept) for share in found]) < 0.025 + 2 * math.sqrt(0.025 / 400)
    if validations > 2:
        assert np.mean([share.low > 0.5 for share in found]) > 0.1, "which its own interval does not tell"


def test_stopping_where_a_coin_looks_best_makes_it_no_oftener_learnt():
    rng, found = np.random.default_rng(0), []
    for _ in range(400):
        credit = coins(1, 60, 100, 1, rng)[0]
        best, waited, count = 0, 0, 1
        while waited < 3 and count < len(credit):
            best, waited = (count, 0) if credit[count].mean() > credit[best].mean() else (best, waited + 1)
            count += 1
        kept = replace(KEPT, validations=count, stopped=waited == 3)
        found.append(learnt(clustered_share(credit[best], np.arange(100)), kept))
    assert np.mean(found) < 0.025 + 2 * math.sqrt(0.025 / 400)


def test_what_is_learnt_is_called_so_whatever_chose_the_step():
    sure = clustered_share([1.0] * 80 + [0.0] * 20, np.arange(100))
    assert learnt(sure, replace(KEPT, validations=40))
    assert learnt(sure, replace(KEPT, validations=40, stopped=True))
    doubtful = clustered_share([1.0] * 61 + [0.0] * 39, np.arange(100))
    assert learnt(doubtful, replace(KEPT, validations=1))
    assert not learnt(doubtful, replace(KEPT, validations=4))
    row = replace(ROW, accuracy=0.61, accuracy_low=doubtful.low, accuracy_high=doubtful.high, selected_on=True)
    said = told(replace(SUMMARY, evaluation=(row,), kept=KEPT))[0]
    assert said.endswith("but these pairs chose the step, the best of several validations; judge it on others.")
    assert told(replace(SUMMARY, evaluation=(replace(row, selected_on=None),), kept=KEPT))[0].startswith("Learnt: ")


MEANS = SampledMeans(0.5, 0.5, 1.0, 20.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("reward", "gold", "begins"),
    [
        (0.1, None, "Not told from chance: "),
        (0.1, 0.1, "Not told from chance: "),
        (0.1, -0.5, "Its reward is not told from chance, but the true one fell: "),
        (0.6, None, "Learnt: "),
        (0.6, 0.5, "Learnt: "),
        (0.6, 0.1, "Learnt, but the true reward is not told to rise: "),
        (0.6, -0.5, "Over-optimised: "),
        (-0.6, None, "Lost: "),
    ],
)
def test_a_policy_is_told_by_what_fresh_samples_gain_beyond_chance(reward, gold, begins):
    """Means of 64 differ by chance by 1.96 sqrt(2 / 64) = 0.35 deviations."""
    policy = PolicyFigures(
        None, 1, 8, 64, {}, Change(0.0, reward, 1.0), None if gold is None else Change(0.0, gold, 1.0), 0.5, 0.1,
        BeforeAndAfter(64, MEANS, MEANS), {}, RewardScale(0.0, 1.0), scorer_reads_other_tokens=False,
    )  # fmt: skip
    said = told(replace(SUMMARY, policy=policy))[0]
    assert said.startswith(begins)
    assert said.endswith("chance alone moves either by \u00b1 0.35 (95 %).")
