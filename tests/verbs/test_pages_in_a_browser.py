"""Pages of real commands in a real browser: nothing goes wrong or is asked for, nothing is cut, axe finds nothing."""

import pytest
from tests.browser import AXE, CHROMIUM, opened, printed, violations, width_of

from rmexp.cli import main

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian's package of that name)"),
]
KINDS = ("run", "compare", "sweep", "index", "profile", "profiles", "evaluate", "inspect", "filter", "best-of-n", "ppo")
SMALL = ("data=json_vs_text", "data.pairs=40", "data.unseen_pairs=10")


@pytest.fixture(scope="module")
def pages(comparison, tmp_path_factory):
    """A page of each kind, of little data."""
    folder = tmp_path_factory.mktemp("pages")
    reward, runs = comparison.path / "reward", folder / "runs"
    scorer = ["scorer=explicit", f"scorer.path={reward / 'model'}", *SMALL]
    cells = ["model=tiny", "trainer=smoke", "logger=csv", "seed=0,1", "optimizer.lr=1e-3,1e-4,-1"]
    policy = ["data=synthetic", "scorer=gold", "candidates.n=4", "candidates.prompts=8", "scorer@gold=gold"]
    ppo = ["data=synthetic", "scorer=gold", "model=tiny", "trainer=smoke", "logger=csv"]
    commands = {
        "cells": ["train", "-m", "task=reward", *SMALL, *cells, f"sweep_dir={runs / 'sweep'}"],
        "profile": ["profile", *SMALL, f"run_dir={runs / 'profile'}"],
        "profiles": ["profile", "-m", "data=json_vs_text,synthetic", f"sweep_dir={folder / 'profiles'}"],
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
def test_it_leads_with_a_verdict_and_ends_with_how_it_was_made(pages, kind):
    text = pages[kind].read_text()
    _, _, rest = text.partition("</h1>")
    assert rest.strip().startswith('<p class="verdict">')
    assert "How this page was made" in rest
