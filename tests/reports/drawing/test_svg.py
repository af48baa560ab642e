import re
from xml.etree import ElementTree

import matplotlib

from rmexp.reports.drawing.svg import draw


def scatter(axes):
    axes.plot([1, 2, 3], [3.123456, 1, 2], "o", label="a")
    axes.set_title("price in $ and <b>")


def test_the_markers_of_a_series_share_one_style_and_lose_none():
    picture = ElementTree.fromstring(draw(scatter, "Dots"))
    shared = [group for group in picture.iter("g") if group.get("style")]
    assert [len(group.findall("use")) for group in shared] == [3]
    assert shared[0].find("use").get("style") is None


def test_names_are_escaped_and_told_apart():
    first, second = draw(scatter, 'A "b" <c>'), draw(scatter, "B")
    assert 'aria-label="A &quot;b&quot; &lt;c&gt;"' in first
    assert not set(re.findall(r' id="(\w+)"', first)) & set(re.findall(r' id="(\w+)"', second))
    assert "price in $ and &lt;b&gt;" in first


def test_a_users_matplotlib_settings_change_nothing_and_are_kept(monkeypatch):
    before = draw(scatter, "Dots")
    monkeypatch.setitem(matplotlib.rcParams, "lines.markersize", 40.0)
    monkeypatch.setitem(matplotlib.rcParams, "axes.facecolor", "black")
    assert draw(scatter, "Dots") == before
    assert matplotlib.rcParams["lines.markersize"] == 40.0
