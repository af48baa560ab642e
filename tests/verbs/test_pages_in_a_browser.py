"""Pages of real commands in a real browser: nothing goes wrong or is asked for, nothing is cut, axe finds nothing."""

import pytest
from tests.programs.browser import AXE, CHROMIUM, opened, printed, violations, width_of
from tests.support.pressed import Browser

from rmexp.cli import main

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian's package of that name)"),
]
KINDS = ("run", "compare", "sweep", "index", "profile", "profiles", "evaluate", "inspect", "filter", "best-of-n", "ppo")
USABLE = (
    "[...document.querySelectorAll('a[href], button, input, summary, [tabindex]')]"
    ".filter((one) => one.checkVisibility())"
)
SHOWN = "[...document.querySelectorAll('tbody tr')].filter((row) => !row.hidden).map((row) => row.innerText)"
SECONDS = "[...document.querySelectorAll('tbody tr')].map((row) => row.cells[7].dataset.value)"
SMALL = ("data=json_vs_text", "data.pairs=40", "data.unseen_pairs=10")


@pytest.fixture(scope="module")
def pages(comparison, tmp_path_factory):
    """A page of each kind, of little data."""
    folder = tmp_path_factory.mktemp("pages")
    reward, runs = comparison.path / "reward", folder / "runs"
    scorer = ["scorer=explicit", f"scorer.path={reward / 'model'}", *SMALL]
    cells = ["model=tiny", "trainer=smoke", "logger=csv", "seed=0,1", "optimizer.lr=1e-3,1e-4,1e30"]
    synthetic = ["data=synthetic", "data.pairs=40", "data.val_pairs=10", "data.test_pairs=10"]
    policy = [*synthetic, "scorer=gold", "candidates.n=4", "candidates.prompts=8", "scorer@gold=gold"]
    ppo = [*synthetic, "scorer=gold", "model=tiny", "trainer=smoke", "logger=csv"]
    commands = {
        "cells": ["train", "-m", "task=reward", *SMALL, *cells, f"sweep_dir={runs / 'sweep'}"],
        "profile": ["profile", *SMALL, f"run_dir={runs / 'profile'}"],
        "profiles": ["profile", "-m", "data=json_vs_text", "data.pairs=40,60", f"sweep_dir={folder / 'profiles'}"],
        "evaluate": ["evaluate", *scorer, f"run_dir={runs / 'evaluate'}"],
        "inspect": ["inspect", *scorer, "pairs=8", "learning.steps=2", f"run_dir={runs / 'inspect'}"],
        "filter": ["filter", *scorer, "keep.min_margin=0.5", f"run_dir={runs / 'filter'}"],
        "best-of-n": [
            "best-of-n",
            *policy,
            f"candidates.policy={comparison.path / 'dpo' / 'model'}",
            f"run_dir={runs / 'best-of-n'}",
        ],
        "ppo": ["train", "task=ppo", *ppo, f"run_dir={runs / 'ppo'}"],
        "run": ["report", str(reward)],
        "sweep": ["report", str(runs)],
    }
    for name, command in commands.items():
        assert main(command) == (1 if name == "cells" else 0), command  # cells with a negative rate fail
    found = {name: runs / name / "report.html" for name in KINDS}
    others = {"run": reward, "compare": comparison.path, "sweep": runs}
    found |= {name: path / "report.html" for name, path in others.items()}
    return found | {"index": runs / "index.html", "profiles": folder / "profiles" / "profiles.html"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_browser_shows_it_without_a_word_and_without_asking_for_anything(pages, kind, tmp_path):
    said = opened(pages[kind], tmp_path / "profile", "--dump-dom").stderr
    assert "CONSOLE" not in said, said  # a resource that is asked for is refused by the page's own policy


def test_a_blocked_script_would_be_told(pages, tmp_path):
    bad = tmp_path / "bad.html"
    bad.write_text(pages["run"].read_text().replace("</body>", "<script>1</script></body>"))
    assert "CONSOLE" in opened(bad, tmp_path / "profile", "--dump-dom").stderr


@pytest.mark.parametrize("window", [1280, 1024, 400])
@pytest.mark.parametrize("kind", KINDS)
def test_it_fits_the_window(pages, kind, window, tmp_path):
    wide, inside = width_of(pages[kind], tmp_path, window)
    assert (inside, wide <= inside) == (window, True)


@pytest.mark.parametrize("kind", KINDS)
def test_it_prints(pages, kind, tmp_path):
    printed(pages[kind], tmp_path / "page.pdf", tmp_path)
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core (make axe)")
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(pages, kind, dark, tmp_path):
    assert violations(pages[kind], tmp_path, dark=dark) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_tab_comes_to_everything_that_can_be_used_and_shows_where_it_is(pages, kind, tmp_path):
    with Browser(pages[kind], tmp_path / "profile") as browser:
        usable = browser.value(f"{USABLE}.length")
        places = []
        for _ in range(usable):
            browser.press("Tab")
            places.append(browser.value(f"{USABLE}.indexOf(document.activeElement)"))
            assert browser.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert places == list(range(usable))


def test_the_index_is_sorted_and_searched_by_keys_alone(pages, tmp_path):
    with Browser(pages["index"], tmp_path / "profile") as browser:
        before = browser.value(SHOWN)
        browser.press("Tab", times=2)  # the link to the leaderboard, then the search
        browser.type("explicit FINISHED")
        assert browser.value(SHOWN) == [row for row in before if "explicit" in row.lower() and "finished" in row]
        assert 0 < len(browser.value(SHOWN)) < len(before)
        assert browser.value("document.querySelector('output').textContent").endswith(f"of {len(before)} runs")
        browser.value("search.value = ''; show()")
        browser.value("document.querySelectorAll('thead button')[7].focus()")  # seconds
        for way, turned in (("ascending", False), ("descending", True)):
            browser.press("Enter")
            seconds = [value for value in browser.value(SECONDS) if value]
            assert seconds == sorted(seconds, key=float, reverse=turned)
            assert browser.value("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == way
        assert sorted(browser.value(SHOWN)) == sorted(before)


@pytest.mark.parametrize("kind", KINDS)
def test_it_leads_with_a_verdict_and_ends_with_how_it_was_made(pages, kind):
    text = pages[kind].read_text()
    _, _, rest = text.partition("</h1>")
    assert rest.strip().startswith('<p class="verdict">')
    assert "How this page was made" in rest
