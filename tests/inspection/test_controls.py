from dataclasses import replace

import pytest

from rmexp.data.clusters import clusters_of
from rmexp.inspection import controls
from rmexp.records import Preference


def each(pairs):
    return clusters_of(pairs, None)


def right(prompt, text):
    """Reads the prompt: whether its number is named; longer answers are no better."""
    return (prompt.rstrip("?").split()[-1] in text.replace(".", "").split()) + len(text) / 1e4


def test_labels_that_are_followed_contradicted_or_unread(by, lot, judged):
    assert controls.labels(by(right), judged, each(judged)).verdict == "pass"
    turned = [replace(pair, target=0.0) for pair in judged]
    check = controls.labels(by(right), turned, each(turned))
    assert (check.verdict, check.figures["accuracy"]) == ("fail", 0.0)
    assert controls.labels(lot, judged, each(judged)).verdict == "warn"


def test_a_scorer_that_reads_no_prompt_is_told_from_one_that_does(by, judged):
    assert controls.foreign_prompts(by(right), judged).verdict == "pass"
    check = controls.foreign_prompts(by(lambda prompt, text: -len(text)), judged)
    assert check.verdict == "warn"
    assert check.figures["margin_moves"] == 0
    same = [replace(pair, prompt="p") for pair in judged]
    assert controls.foreign_prompts(by(right), same).verdict == "skip"


def test_a_reward_that_is_all_prompt_warns(by, judged):
    assert (
        controls.prompt_alone(by(lambda prompt, text: hash(prompt) % 97 + 0.01 * len(text)), judged).verdict == "warn"
    )
    check = controls.prompt_alone(by(lambda prompt, text: len(text)), judged)
    assert (check.verdict, check.figures["spread_of_prompts"]) == ("pass", 0.0)


def test_responses_that_break_off(by, judged):
    assert controls.truncated(by(lambda prompt, text: len(text)), judged, each(judged)).verdict == "pass"
    assert controls.truncated(by(lambda prompt, text: -len(text)), judged, each(judged)).figures["lower"] == 0
    assert controls.truncated(by(lambda prompt, text: 1.0), judged, each(judged)).verdict == "warn"


@pytest.mark.parametrize(("measure", "verdict", "sign"), [(len, "warn", 1), (lambda text: -len(text), "warn", -1)])
def test_drift_with_length(by, judged, measure, verdict, sign):
    check = controls.length_drift(by(lambda prompt, text: measure(text)), judged)
    assert check.verdict == verdict
    assert check.figures["spearman"] == pytest.approx(sign)


def test_no_drift_and_nothing_to_tell(by, lot, judged):
    assert controls.length_drift(lot, judged).verdict == "pass"
    assert controls.length_drift(by(lambda prompt, text: 1.0), judged).verdict == "skip"


def test_the_distribution_of_a_constant_fails_and_of_few_values_warns(by, lot, judged):
    assert controls.distribution(by(lambda prompt, text: 1.0), judged, each(judged)).verdict == "fail"
    assert controls.distribution(by(lambda prompt, text: len(text) > 15), judged, each(judged)).verdict == "warn"
    check = controls.distribution(lot, judged, each(judged))
    assert check.verdict == "pass"
    assert len(check.figures["scores"]) == 80


def test_pairs_of_one_prompt_are_not_taken_for_independent(by):
    pairs = [Preference(f"Q{i // 6}", f"good {i}", f"bad {i}") for i in range(24)]  # four prompts, three of them right
    check = controls.labels(by(lambda prompt, text: text.startswith("good") == (prompt != "Q0")), pairs, each(pairs))
    assert check.figures["accuracy"] == 0.75
    assert check.verdict == "warn"  # as 18 of 24 independent pairs it would be above chance
    by_prompt = by(lambda prompt, text: len(prompt) if prompt == "Q0" else 0.0)
    assert "Mean 0.5 [-1.09, 2.09]" in controls.distribution(by_prompt, pairs, each(pairs)).says
    assert "Mean 2, standard" in controls.distribution(by_prompt, pairs[:6], each(pairs[:6])).says
    assert controls.labels(by(lambda prompt, text: len(text)), pairs[:6], each(pairs[:6])).verdict == "skip"


def test_scores_that_are_all_equal_tell_nothing_apart(by, judged):
    for check in (
        controls.labels(by(lambda prompt, text: 1.0), judged, each(judged)),
        controls.truncated(by(lambda prompt, text: 1.0), judged, each(judged)),
    ):
        assert check.verdict == "warn"
        assert check.says == f"All {len(judged)} pairs have equal scores: nothing is told apart."
