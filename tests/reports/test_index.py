import base64
import re
from hashlib import sha256
from pathlib import Path

from rmexp.reports.index import index_report
from rmexp.runs.listed import ListedRun

START = "2026-01-02T03:04:05+00:00"
HOSTILE = "<script>alert(1)</script>\u202e"


def page(folder):
    (folder / "a,b=1").mkdir()
    (folder / "a,b=1" / "report.html").touch()
    runs = [
        ListedRun(
            folder / "a,b=1", "reward", "finished", HOSTILE, "tiny", "2026-01-02T03:04:05+00:00", 3.5, "accuracy", 0.98
        ),
        ListedRun(folder / "other", "dpo", "failed", "", "", "", None, "", None),
    ]
    return index_report("runs", runs, folder)


def test_runs_have_a_line_each_and_a_link_where_they_have_a_page(tmp_path):
    html = page(tmp_path)
    assert 'href="a%2Cb%3D1/report.html"' in html
    assert html.count("<tr><th") == 2 + 1
    for text in ("2 runs: 1 finished, 1 failed.", '<td data-value="0.98">98.0 %</td>', "2026-01-02 03:04:05"):
        assert text in html


def test_its_own_script_is_the_only_one_that_may_run(tmp_path):
    html = page(tmp_path)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html
    assert not re.search(r"https?://|src=\"|\u202e", html)
    assert "&lt;script&gt;" in html


def test_no_runs_are_a_page_too():
    assert "No runs." in index_report("runs", [], Path())
