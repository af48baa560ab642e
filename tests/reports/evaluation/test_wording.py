from dataclasses import replace

import pytest

from rmexp.evaluation.figures import Figures
from rmexp.evaluation.paired import Paired
from rmexp.reports.evaluation.wording import comparisons_to_show, conclusions
from rmexp.runs.rows import from_row
from rmexp.runs.summaries.result import Result
from rmexp.runs.summaries.seed_groups import seed_rows

ROW = {
    "scorer": "one", "records": "pairs", "baseline": False, "slice": None, "n": 1000, "label_ties": 20, "accuracy": 0.7,
    "accuracy_low": 0.66, "accuracy_high": 0.74, "clusters": 200,
    "nll": 0.6, "ece": 0.03, "calibration_z": 0.2, "calibration_p": 0.8, "temperature": 1.02,
    "nll_at_temperature": 0.59, "slopes": {"length": None},
}  # fmt: skip
TWO = {
    "first": "one", "second": "two", "slice": None, "difference": 0.05, "difference_low": 0.01, "difference_high": 0.09,
    "bootstrap_p": 0.01, "mcnemar_p": None, "n": 980, "both_right": 500, "both_wrong": 200, "first_alone": 160,
    "second_alone": 120,
}  # fmt: skip

NO_TEST = dict.fromkeys(("difference_low", "difference_high", "bootstrap_p"))


def figures(*rows):
    return [Figures.from_row(row) for row in rows]


def two_of(*rows):
    return [Paired.from_row(row) for row in rows]


def said(rows, comparisons=()):
    return list(conclusions(figures(*rows), two_of(*comparisons)))


def test_accuracy_with_its_interval():
    assert said([ROW]) == ["one is right on 70.0 % [66.0 %, 74.0 %] of 980 pairs."]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "one is better than two by 5.0 points [1.0 points, 9.0 points], p = 0.010."),
        ({"difference": -0.05, "difference_low": -0.09, "difference_high": -0.01}, "two is better than one by 5.0"),
        (
            {"difference_low": None, "difference_high": None, "bootstrap_p": None},
            "The difference of one and two is 5.0 points; too few",
        ),
        ({"difference_low": -0.01}, "one and two cannot be told apart by these pairs: the difference is 5.0 points"),
    ],
)
def test_two_scorers(change, sentence):
    assert any(line.startswith(sentence) for line in said([ROW, ROW | {"scorer": "two"}], [TWO | change]))


@pytest.fixture
def seeded():
    """Two methods with two seeds each: rows, comparisons of each two, and figures over seeds."""
    accuracies = {"a0": 0.7, "a1": 0.72, "b0": 0.6, "b1": 0.62}
    rows = [
        ROW | {"scorer": name, "accuracy": value, "data": "d", "split": "all"} for name, value in accuracies.items()
    ]
    names = list(accuracies)
    two = [TWO | {"first": a, "second": b} for place, a in enumerate(names) for b in names[place + 1 :]]
    results = [from_row(Result, row) for row in rows]
    return rows, two, seed_rows(results, {"a": ["a0", "a1"], "b": ["b0", "b1"]}, names)


def test_methods_are_spoken_of_over_their_seeds(seeded):
    rows, two, seeds = seeded
    found = list(conclusions(figures(*rows), two_of(*two), seeds))
    assert found[1] == "a is right on 71.0 % over 2 seeds (standard deviation 1.4 points)."
    assert found[3].startswith("Over seeds a is better than b by 10.0 points [3.9 points, 16.1 points], Welch p = 0.0")
    assert not any(", p = " in line for line in found)
    closer = [replace(row, welch=row.welch and replace(row.welch, p=0.4)) for row in seeds]
    assert "Over seeds a and b cannot be told apart: the difference is 10.0 points" in " ".join(
        conclusions(figures(*rows), two_of(*two), closer)
    )


def test_a_scorer_beside_methods_is_compared_with_their_first_seeds(seeded):
    rows, two, seeds = seeded
    extra = [TWO | {"first": name, "second": "other"} for name in ("a0", "a1", "b0", "b1")]
    found = list(conclusions(figures(*rows, ROW | {"scorer": "other"}), two_of(*two, *extra), seeds))
    assert [line.split(" by ")[0] for line in found if ", p = " in line] == [
        "a0 is better than other",
        "b0 is better than other",
    ]


def test_seeds_of_one_method_are_not_shown_against_each_other(seeded):
    _, two, seeds = seeded
    shown = {(row.first, row.second) for row in comparisons_to_show(two_of(*two), ["a0", "a1", "b0", "b1"], seeds)}
    assert shown == {(a, b) for a in ("a0", "a1") for b in ("b0", "b1")}
    assert len(comparisons_to_show(two_of(*two), ["a0", "a1", "b0", "b1"], ())) == 6


def test_a_scorer_that_does_not_beat_a_rule_is_told_in_the_sentence_that_leads():
    rule = ROW | {"scorer": "longer", "baseline": True, "accuracy": 0.69}
    against = TWO | {"second": "longer", "difference": 0.01, "difference_low": -0.02}
    lines = said([ROW, rule], [against])
    assert lines[0] == (
        "one is right on 70.0 % [66.0 %, 74.0 %] of 980 pairs, but is not shown to beat the rule `longer`, which knows "
        "nothing of content and gets 69.0 %."
    )
    assert not any("rule" in line for line in lines[1:])
    beaten = against | {"difference_low": 0.002}
    assert not any("rule" in line for line in said([ROW, rule], [beaten]))
    two = [ROW, ROW | {"scorer": "two", "accuracy": 0.68}, rule]
    lines = said(two, [beaten, against | {"first": "two", "difference": -0.01}])
    assert "rule" not in lines[0]
    assert lines[-1].startswith("two is not shown to beat the rule `longer`")
    other = ROW | {"scorer": "random", "baseline": True, "accuracy": 0.5}
    assert (
        "not shown to beat the rule `random`" in said([ROW, rule, other], [beaten, against | {"second": "random"}])[0]
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"nll": 0.9, "nll_low": 0.8, "nll_high": 1.0, "temperature": 4.0},
            "worse than a coin's: log-loss 0.9 against ln 2",
        ),
        (
            {"calibration_p": 0.001, "calibration_z": 5.0},
            "one are overconfident (calibration error 3.0 %); divided by 1.02",
        ),
        ({"calibration_p": 0.001, "calibration_z": -5.0, "temperature": None}, "The margins of one are underconfident"),
    ],
)
def test_probabilities(change, sentence):
    assert sentence in said([ROW | change])[-1]


def test_a_log_loss_that_chance_explains_is_no_reason():
    assert said([ROW | {"nll": 0.72, "nll_low": 0.68, "nll_high": 0.76}]) == said([ROW])


def test_length_and_the_ceiling():
    parts = [
        ROW | {"scorer": "one", "slice": f"length={name}_chosen", "accuracy": value}
        for name, value in (("longer", 0.9), ("shorter", 0.4))
    ]
    slope = {"value": 2.0, "low": 1.0, "high": 3.0, "relative": 0.25}
    row = ROW | {"slopes": {"length": slope}, "bayes_accuracy": 0.83, "bayes_nll": 0.39}
    lines = said([row, *parts])
    assert "No scorer can expect more than 83.0 % here" in lines[1]
    assert "90.0 % where the longer response is the better one and 40.0 % where the shorter one is" in lines[2]
    assert "pays 0.25 standard deviations" in lines[2]


def test_few_clusters_are_told():
    lines = said([ROW | {"few": True}])
    assert lines[0].endswith("[66.0 %, 74.0 %, few] of 980 pairs.")
    assert lines[1].startswith("Few of the 200 prompts or groups here can be expected to be wrong")


def test_where_everything_was_trained_on_nothing_more_is_said():
    empty = {"n": 0, "accuracy": None, "accuracy_low": None, "accuracy_high": None, "nll": None}
    assert said([ROW | empty | {"left_out": 5}]) == []
    assert "nothing to be right about" in said([ROW | empty])[0]


def test_what_has_no_score_is_told():
    assert "one: no score for 3 of the pairs; figures are of the other 1,000." in said([ROW | {"unscored": 3}])


def test_nothing_to_be_right_about():
    assert said([ROW | {"accuracy": None}]) == [
        "No pair here has a preference and a score, so there is nothing to be right about."
    ]


def test_a_scorer_below_a_rule_is_said_to_do_worse():
    rule = ROW | {"scorer": "longer", "baseline": True, "accuracy": 0.8}
    against = TWO | {"second": "longer", "difference": -0.1}
    for high, words in ((-0.05, "but does worse than the rule `longer`"), (0.01, "but is not shown to beat")):
        found = said([ROW, rule], [against | {"difference_low": -0.15, "difference_high": high}])
        assert words in found[0]


def test_a_rule_is_told_on_the_pairs_that_the_scorer_has_scores_for():
    rule = ROW | {"scorer": "longer", "baseline": True, "n": 2000, "accuracy": 0.4}
    against = TWO | {"second": "longer", "difference": 0.01, "difference_low": -0.02}
    assert (
        "which knows nothing of content and gets 69.0 % of these."
        in said([ROW | {"unscored": 1000}, rule], [against])[0]
    )
