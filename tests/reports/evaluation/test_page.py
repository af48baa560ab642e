import numpy as np
import pytest
from markupsafe import escape

from rmexp.evaluation.judge import judge
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.slices import Slicing
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.records import Preference
from rmexp.reports.evaluation.page import EvaluationReport, evaluation_report
from rmexp.reports.made import Made
from rmexp.runs.environment import Environment
from rmexp.statistics.means import MEAN_METHOD
from rmexp.statistics.shares import SHARE_METHOD

HOSTILE = "<script>alert(1)</script> \u202e $x$ {{ 7 * 7 }}"


def report(records, scores, name="good", seeds=()):
    origin = Origin("set", "val", aggregate=lambda *_: {"score": None, "Chat": 0.5})
    test = as_test_set(origin, records, Slicing(["meta.part"], by_length=True))
    columns = {name: Scores(scores, log_odds=True), "weak": Scores(scores[::-1], log_odds=False)}
    columns["longer"] = Scores(test.characters.astype(float), log_odds=False, rule=True)
    return EvaluationReport([judge(test, columns)], list(seeds), Made("runs/x", Environment(), "seed: 0"))


@pytest.fixture(scope="module")
def parts():
    rng = np.random.default_rng(0)
    lengths = rng.integers(5, 50, (120, 2)).tolist()
    records = [
        Preference(f"question {i}", "x" * long, "y" * short, meta={"part": i % 3})
        for i, (long, short) in enumerate(lengths)
    ]
    return records, rng.normal([1.0, 0.0], 1.0, (120, 2))


def test_the_page_says_what_the_figures_say(parts):
    page = evaluation_report(report(*parts))
    for text in ("Most confident errors of good", "meta.part=2", "Reliability", "Accuracy by length", "weak", "Chat"):
        assert text in page
    assert page.count("<svg") == 3
    assert escape(SHARE_METHOD) in page
    assert escape(MEAN_METHOD) in page
    assert "% sure" in page.split("Most confident errors of good")[1].split("<h3")[0]
    assert "% sure" not in page.split("Most confident errors of weak")[1]  # no log-odds, no probabilities
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_equal_content_gives_equal_bytes(parts):
    assert evaluation_report(report(*parts)) == evaluation_report(report(*parts))


def test_text_from_data_is_harmless(parts):
    records = [Preference(HOSTILE, f"{HOSTILE} a", f"b {HOSTILE}", meta={"part": HOSTILE}) for _ in range(12)]
    page = evaluation_report(report(records, np.tile([0.0, 1.0], (12, 1)), name=HOSTILE))
    assert "<script" not in page
    assert "\u202e" not in page
    assert "{{ 7 * 7 }}" in page


@pytest.mark.parametrize("count", [1, 2])
def test_a_pair_or_two_have_a_page(count):
    records = [Preference(f"p{i}", "a", "bb", 0.5 if i else 1.0, meta={"part": i}) for i in range(count)]
    assert "val" in evaluation_report(report(records, np.zeros((count, 2))))


def test_the_most_confident_errors_come_first(parts):
    records, scores = parts
    made = report(records, scores)
    worst = int(np.argmin(scores[:, 0] - scores[:, 1]))
    page = evaluation_report(made)
    start = page.index("Most confident errors of good")
    assert page.index(records[worst].id, start) < page.index("<details", page.index("<details", start) + 1)
