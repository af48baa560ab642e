"""What README and pages tell to type runs: as it stands from the wheel in an empty folder, the rest on small data."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rmexp.cli import main

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SMALL = {
    "data=json_vs_text": ("data.pairs=40", "data.unseen_pairs=10"),
    "data=synthetic": ("data.pairs=40", "data.val_pairs=10", "data.test_pairs=10"),
    "train": ("trainer.max_steps=3",),
    "inspect": ("pairs=8", "learning.steps=2"),
    "candidates.n=256": ("candidates.n=4", "candidates.prompts=8"),
}
ELSEWHERE = {  # what a command needs that no small folder is, or where else it is run
    "reward_bench": "data of the hub, see tests/suites",
    "experiment=": "long, see experiments/",
    "logger=": "see tests/tracking",
    "trainer=gpu": "see tests/gpu",
    "model=encoder": "an encoder, see tests/verbs/test_backbones.py",
    "scorer=verifier": "a verifier, see tests/scoring/test_verifier.py",
    "scorer.head": "a head by another name, see tests/scoring/test_hub.py",
    "scorer.weights": "a head of several attributes, see tests/scoring/test_hub.py",
    "merge=false": "an adapter, see tests/verbs/test_export.py",
    "input=-": "standard input, see tests/verbs/scoring",
    "data/format=": "other layouts, see tests/verbs/test_data_formats.py",
    "PROFILE_FOLDER": "difficulties of a profile, see tests/data/test_selection.py",
    "meta.topic": "fields of data of one's own, see tests/verbs/test_data_formats.py",
    "sweep=lr": "as long as a dozen runs, see tests/config/test_multirun.py",
    "-m data=json_vs_text dpo": "three comparisons, see tests/verbs/comparing",
    "data=json_vs_text,synthetic": "a choice of data in a sweep, see tests/config/test_multirun.py",
    "train_pairs=250": "nine runs, see tests/config/test_multirun.py",
}


def pairs(first, last):
    rows = [{"prompt": f"Say {n}.", "chosen": f"Gladly: {n}.", "rejected": f"{n}? No."} for n in range(first, last)]
    return "".join(json.dumps(row) + "\n" for row in rows)


def commands(text):
    blocks = [block for language, block in FENCED.findall(text) if not language]
    return [command for block in blocks for command in re.findall(r"^rmexp (?!help)(\w.+)$", block, re.MULTILINE)]


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = sorted({command for page in PAGES for command in commands(page.read_text(encoding="utf-8"))})
RUN = [command for command in SHOWN if not any(part in command for part in ELSEWHERE)]


def test_nothing_is_excused_that_no_page_shows():
    assert not [part for part in ELSEWHERE if not any(part in command for command in SHOWN)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """An environment with the package as it is installed, and an empty folder to work in."""
    place = tmp_path_factory.mktemp("wheel")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place), str(ROOT)]
    subprocess.run(install, check=True, capture_output=True)
    return {**os.environ, "PYTHONPATH": str(place), "PATH": f"{place / 'bin'}:{os.environ['PATH']}", "BROWSER": "true"}


@pytest.mark.slow
def test_the_readme_runs_from_the_wheel_in_an_empty_folder(wheel, tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (tmp_path / "PAIRS.jsonl").write_text(pairs(0, 40))
    (tmp_path / "TEST_PAIRS.jsonl").write_text(pairs(40, 60))
    (tmp_path / "MODEL_FOLDER").symlink_to("runs/first/model")
    first, *others = commands(text)
    steps = [first, "export runs/first out=HF_FOLDER_OR_ID", *others]
    for step in steps:
        done = subprocess.run(f"rmexp {step}", shell=True, cwd=tmp_path, env=wheel, capture_output=True, text=True)
        assert done.returncode == 0, (step, done.stderr)
    (code,) = (block for language, block in FENCED.findall(text) if language == "python")
    printed = f"{code}\nassert rmexp.__file__.startswith({wheel['PYTHONPATH']!r})"
    subprocess.run([sys.executable, "-c", printed], cwd=tmp_path, env=wheel, check=True)


@pytest.mark.slow
def test_bash_completes_a_line_by_the_line_that_the_quickstart_shows(wheel, tmp_path):
    (line,) = re.findall(r"`(eval .+?)`", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"))
    asks = """
    COMP_LINE="$1"; COMP_POINT=${#1}; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    of=$(complete -p rmexp | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
    $of; printf '%s\\n' "${COMPREPLY[@]}"
    """
    for written, offered in {
        "rmexp tra": {"track", "train"},
        "rmexp train task=p": {"task=ppo"},
        "rmexp train optimizer.l": {"optimizer.lr="},
    }.items():
        command = ["bash", "--norc", "-c", f"{line}\n{asks}", "bash", written]
        done = subprocess.run(command, cwd=tmp_path, env=wheel, capture_output=True, text=True, check=True)
        assert set(done.stdout.split()) == offered


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder in which what the pages name lies under the names that they use."""
    folder = tmp_path_factory.mktemp("shown")
    (folder / "PAIRS.jsonl").write_text(pairs(0, 40))
    (folder / "TEST_PAIRS.jsonl").write_text(pairs(40, 60))
    pool = [{"prompt": f"Say {n}.", "responses": [f"Gladly: {n}.", f"{n}? No.", f"{n}"]} for n in range(8)]
    (folder / "POOL.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pool))
    small, both = SMALL["data=json_vs_text"], folder / "both"
    train = ["train", "task=reward", "data=json_vs_text", "model=tiny", *small, "trainer.max_steps=3", "logger=csv"]
    picks = ["best-of-n", "scorer=baseline", "scorer.kind=longer", f"candidates.path={folder / 'POOL.jsonl'}"]
    assert main(["compare", "data=json_vs_text", "model=tiny", *small, "logger=csv", f"run_dir={both}"]) == 0
    for seed, name in enumerate(("first", "second")):
        assert main([*train, f"seed={seed}", f"run_dir={folder / 'runs' / name}"]) == 0
    assert main([*picks, f"run_dir={folder / 'picked'}"]) == 0
    score = ["score", "scorer=explicit", f"scorer.path={both / 'reward' / 'model'}", "data=jsonl"]
    for name, to in (("scored", "TEST_PAIRS"), ("SCORED", "PAIRS")):
        assert main([*score, f"data.path={folder / to}.jsonl", f"run_dir={folder / name}"]) == 0
    (folder / "RUN").mkdir()
    (folder / "RUN" / "scored").symlink_to(folder / "scored" / "scored")
    (folder / "RUN" / "picks.jsonl").symlink_to(folder / "picked" / "picks.jsonl")
    for end in ("jsonl", "manifest.json"):
        (folder / f"SCORED.{end}").symlink_to(folder / "SCORED" / "scored" / f"all.{end}")
    assert main(["export", f"path={both / 'reward' / 'model'}", f"out={folder / 'HF_FOLDER_OR_ID'}"]) == 0
    for name, stage in {"MODEL": "reward", "SFT": "sft", "DPO": "dpo"}.items():
        (folder / f"{name}_FOLDER").symlink_to(both / stage / "model")
    (folder / "RUN_FOLDER").symlink_to(both / "reward")
    (folder / "SWEEP_FOLDER").symlink_to(folder / "runs")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", RUN)
def test_it_runs_on_small_data(place, command, monkeypatch, tmp_path):
    if "model.load=4bit" in command:
        pytest.importorskip("bitsandbytes", reason="needs rmexp[4bit]")
    monkeypatch.chdir(place)
    words = [word for word in shlex.split(command) if word.partition("=")[0] not in {"run_dir", "sweep_dir", "out"}]
    small = [more for key, overrides in SMALL.items() if key in words for more in overrides]
    where = {"export": "out", "report": None}.get(words[0], "sweep_dir" if "-m" in words else "run_dir")
    small += [f"{where}={tmp_path / 'made'}"] if where else []
    assert main([*words, *small]) == 0
