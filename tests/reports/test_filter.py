import numpy as np
import pytest

from rmexp.records import Candidates, Preference
from rmexp.reports.filter import FilterReport, bar_edges, filter_report
from rmexp.reports.made import Made
from rmexp.runs.environment import Environment
from rmexp.runs.summaries.filter import FilterSummary
from rmexp.selection.filter_quality import filter_quality
from rmexp.selection.rules import FilterItems, Keep, decide

HOSTILE = "<script>alert(1)</script>\u202e &"
KEEP = Keep(min_margin=0.0, min_score=None, max_disagreement=None, share=None, per_group=None, top=1)


def made(items, records, unit, quality=None):
    decisions = decide(items, KEEP)
    kept = sum(one.kept for one in decisions)
    scorers = ({"name": "s", "kind": "explicit"},)
    about = FilterSummary(HOSTILE, unit, len(decisions), kept, {"kept": 3}, scorers, quality)
    return filter_report(
        FilterReport(about, quality, items, decisions, records, Made("runs/x", Environment(), HOSTILE))
    )


@pytest.fixture(scope="module")
def pairs():
    margin = np.append(np.random.default_rng(0).normal(0.5, size=60), np.nan)
    records = [Preference(f"{HOSTILE} {i}", f"{HOSTILE} a", f"b {i}") for i in range(61)]
    return FilterItems(margin, margin, None, None, None), records


def test_a_page_with_known_noise_is_self_contained_and_the_same_each_time(pairs):
    items, records = pairs
    flipped = np.arange(60) % 5 == 0
    quality = filter_quality(flipped, items.margin[:60] >= 0, items.margin[:60], np.arange(60))
    page = made(items, records, "pair", quality)
    assert page == made(items, records, "pair", quality)
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert "\u202e" not in page
    assert "of the wrong labels are found" in page
    assert page.count('class="pair"') == 10


def test_without_known_noise_it_says_that_nothing_is_measured(pairs):
    page = made(*pairs, "pair")
    assert page.count("<svg") == 1
    assert "is not measured" in page


def test_responses_are_shown_with_their_prompt():
    items = FilterItems(None, np.array([1.0, 3.0, 2.0]), None, None, ["0", "0", "1"])
    page = made(items, [Candidates("first", ("low", "high")), Candidates("second", ("only",))], "response")
    assert "rank 2 in its prompt, the first 1 stay: first" in page
    assert "score of kept and dropped" in page


@pytest.mark.parametrize("threshold", [0.0, 0.37, -2.9, 2.6, 40.0, -40.0])
def test_no_bar_holds_values_on_both_sides_of_the_threshold(threshold):
    values = np.random.default_rng(1).normal(size=2000)
    values[:4] = -50, 50, threshold, np.nextafter(threshold, -1e9)
    kept = values >= threshold
    edges = bar_edges(values, kept)
    assert (np.diff(edges) > 0).all()
    assert 30 <= len(edges) - 1 <= 33
    two = [np.histogram(np.clip(values[part], edges[0], edges[-1]), edges)[0] for part in (kept, ~kept)]
    assert [count.sum() for count in two] == [kept.sum(), (~kept).sum()]
    assert not (two[0] * two[1]).any()


@pytest.mark.parametrize("values", [[], [2.0], [2.0, 2.0, 2.0], [-1.0, 3.0]])
def test_bars_are_there_whatever_is_kept(values):
    for kept in (True, False):
        edges = bar_edges(np.array(values), np.full(len(values), kept))
        assert len(edges) >= 2
        assert np.isfinite(edges).all()
        assert (np.diff(edges) > 0).all()
