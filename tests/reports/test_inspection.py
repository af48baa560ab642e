import pytest

from rmexp.inspection.attribution import Piece, Traced
from rmexp.inspection.check import Check
from rmexp.records import Preference, Scored
from rmexp.reports.drawing.numbers import MINUS
from rmexp.reports.inspection import InspectionReport, inspection_report
from rmexp.reports.made import Made
from rmexp.runs.environment import Environment
from rmexp.runs.summaries.inspect import InspectSummary

HOSTILE = "<script>alert(1)</script>\u202e &"


@pytest.fixture(scope="module")
def page():
    pairs = [Preference(f"{HOSTILE} {i}", f"{HOSTILE} a", f"b {i}") for i in range(6)]
    scored = [Scored(pair.id, (float(i), -1.0), (1, 1), (False, False)) for i, pair in enumerate(pairs)]
    figures = {"mean": 0.5, "low": 0.4, "high": 0.6, "worthless": True}
    groups = {
        "controls": [Check("labels", "pass", "Well.")],
        "learning": [Check("shuffled labels", "skip", "Left out.")],
        "hacking": [
            Check("boilerplate", "fail", HOSTILE, figures),
            Check("polite", "warn", "Hm.", figures | {"low": None}),
        ],
    }
    side = [Piece("<b>one</b>", 1.0), Piece(" two", -3.0)]
    traces = [Traced(HOSTILE, 2.0, (side, []), (side, side))]
    verdicts = {"pass": 1, "skip": 1, "fail": 1, "warn": 1}
    about = InspectSummary(HOSTILE, 6, {"name": "s", "kind": "explicit"}, verdicts)
    report = InspectionReport(about, groups, traces, pairs, scored, Made("runs/x", Environment(), HOSTILE))
    assert inspection_report(report) == inspection_report(report)
    return inspection_report(report)


def test_it_is_self_contained_and_texts_are_harmless(page):
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert "<b>one" not in page
    assert "\u202e" not in page


def test_what_fails_comes_first_then_what_warns(page):
    assert (
        page.index("fail</span>, <strong>boilerplate")
        < page.index("warn</span>, <strong>polite")
        < page.index('id="controls"')
    )


def test_pieces_are_coloured_by_their_value(page):
    assert 'title="1" style="background: rgba(0, 114, 178, 0.55)">&lt;b&gt;one' in page
    assert f'title="{MINUS}3" style="background: rgba(213, 94, 0, 0.55)"> two' in page
