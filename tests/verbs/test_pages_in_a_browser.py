"""Pages of real commands in a real browser: nothing goes wrong or is asked for, a narrow window shows them whole."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rmexp.cli import main

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian's package of that name)"),
]
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"),
)
MEASURE = "<script>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script>"
POLICY = re.compile(r"<meta http-equiv=.Content-Security-Policy.*?>")


def opened(page: Path, profile: Path, width: int) -> subprocess.CompletedProcess[str]:
    """What the browser made of a page, and what it had to say."""
    where = (f"--user-data-dir={profile}", f"--window-size={width},900", "--dump-dom", page.as_uri())
    return subprocess.run([CHROMIUM, *QUIET, *where], capture_output=True, text=True, timeout=120, check=True)


@pytest.fixture(scope="module")
def pages(comparison, tmp_path_factory):
    """A page of each kind, of little data."""
    folder = tmp_path_factory.mktemp("pages")
    reward, sweep = comparison.path / "reward", folder / "sweep"
    small = ["data=json_vs_text", "data.pairs=40", "data.unseen_pairs=10", "model=tiny", "trainer=smoke", "logger=csv"]
    commands = {
        "run": ["report", f"run_dir={reward}"],
        "sweep": ["train", "-m", "task=reward", *small, "seed=0,1", "optimizer.lr=1e-3,1e-4", f"sweep_dir={sweep}"],
        "sweep report": ["report", f"run_dir={sweep}"],
        "profile": ["profile", "data=json_vs_text", "data.pairs=40", f"run_dir={folder / 'profile'}"],
        "evaluate": [
            "evaluate",
            "scorer=explicit",
            f"scorer.path={reward / 'model'}",
            "data=json_vs_text",
            f"run_dir={folder / 'evaluation'}",
        ],
    }
    for command in commands.values():
        assert main(command) == 0, command
    found = [comparison.path, reward, sweep, folder / "profile", folder / "evaluation"]
    return [path / "report.html" for path in found]


def test_a_browser_shows_them_without_a_word_and_without_asking_for_anything(pages, tmp_path):
    for page in pages:
        said = opened(page, tmp_path / "profile", 1200).stderr
        assert "CONSOLE" not in said, (page, said)  # a resource that is asked for is refused by the page's own policy


def test_a_blocked_script_would_be_told(pages, tmp_path):
    bad = tmp_path / "bad.html"
    bad.write_text(pages[0].read_text().replace("</body>", "<script>1</script></body>"))
    assert "CONSOLE" in opened(bad, tmp_path / "profile", 1200).stderr


def test_they_fit_a_narrow_window(pages, tmp_path):
    for page in pages:
        copy = tmp_path / "copy.html"
        copy.write_text(POLICY.sub("", page.read_text()).replace("</body>", f"{MEASURE}</body>"))
        dom = opened(copy, tmp_path / "profile", 500).stdout
        wide, window = map(int, re.search(r"<title>(\d+) of (\d+)</title>", dom).groups())
        assert wide <= window, page
