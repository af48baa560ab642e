"""Runs small commands with two versions of the code and says where what they leave differs.

    .venv/bin/python -m tests.programs.same REF [--expected FILE] [--cases NAME ...]

REF is any name that git knows; its tree is checked out beside this one for the time of the comparison. Weights,
scored files and written records are compared byte by byte, JSON files and tables by their keys. Each difference is a
line. Exit code 1 when one is not in FILE, which holds such lines, in which `*` stands for any text. Bytes vary by
machine, so nothing is compared with what another one left.
"""

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.programs.freeze import DATA, PPO, SMALL

CASES = {
    "sft": ("train", "task=sft", *SMALL),
    "reward": ("train", "task=reward", *SMALL),
    "dpo": ("train", "task=dpo", *SMALL),
    "ppo": (*PPO, "rollouts.iterations=3"),
    "compare": ("compare", *SMALL),
    "score": ("score", "scorer.path=reward/model", *DATA, "threads=1"),
    "evaluate": ("evaluate", "scorer.path=reward/model", *DATA, "threads=1", "draws=100"),
    "filter": ("filter", "scorer=explicit", "scorer.path=reward/model", *DATA, "threads=1"),
    "best-of-n": (
        *("best-of-n", "scorer.path=reward/model", "candidates.policy=sft/model", *DATA, "threads=1"),
        *("candidates.prompts=8", "candidates.n=4", "candidates.max_new_tokens=8"),
    ),
}
NEEDED = {"score": "reward", "evaluate": "reward", "filter": "reward", "best-of-n": "reward"}
BYTES = (".safetensors", ".jsonl")
ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ref", help="version to compare with, such as main or HEAD~3")
    parser.add_argument("--expected", type=Path, help="file of the differences that are meant")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=[*CASES], help="commands, all by default")
    options = parser.parse_args()
    cases = [name for name in CASES if name in options.cases or name in {NEEDED.get(case) for case in options.cases}]
    if "best-of-n" in cases:
        cases = ["sft", *(name for name in cases if name != "sft")]
    with tempfile.TemporaryDirectory() as folder:
        found = [*compared(options.ref, cases, Path(folder))]
    meant = expected_lines(options.expected)
    for line in found:
        print(f"{line}{'   (expected)' if is_expected(line, meant) else ''}")
    new = sum(not is_expected(line, meant) for line in found)
    print(f"{len(cases)} commands, {len(found)} differences, {new} of them not expected")
    return int(new > 0)


def compared(ref: str, cases: list[str], folder: Path) -> Iterator[str]:
    """Run the cases with both trees side by side, then compare what they left."""
    tree = folder / "tree"
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree), ref], cwd=ROOT, check=True)
    try:
        trees = {"there": tree, "here": ROOT}
        started = {place: start(code, folder / place, cases) for place, code in trees.items()}
        codes = {place: process.wait() for place, process in started.items()}
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True)
    for place, code in codes.items():
        if code:
            raise SystemExit(f"{place}: a command failed:\n{(folder / f'{place}.log').read_text()[-3000:]}")
    for case in cases:
        yield from differences(folder / "there" / case, folder / "here" / case, case)


def start(tree: Path, folder: Path, cases: list[str]) -> subprocess.Popen[bytes]:
    """Start a process that runs the cases one after the other with the code of a tree, in a folder of its own."""
    folder.mkdir()
    commands = [[*CASES[case], f"run_dir={case}"] for case in cases]
    code = "import json, sys; from rmexp.cli import main; sys.exit(max(map(main, json.loads(sys.argv[1]))))"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(tree / "src"), str(tree))),
        "WANDB_MODE": "disabled",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    with folder.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-c", code, json.dumps(commands)], cwd=folder, env=environment, stdout=log, stderr=log
        )


def differences(there: Path, here: Path, case: str) -> Iterator[str]:
    """What two run folders of a command do not share."""
    first, second = (
        {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} for folder in (there, here)
    )
    for name in sorted(first ^ second):
        yield f"{case}/{name}: only {'there' if name in first else 'here'}"
    for name in sorted(first & second):
        one, other = there / name, here / name
        if one.suffix in BYTES and one.read_bytes() != other.read_bytes():
            yield f"{case}/{name}: other bytes"
        before, after = keys_of(one), keys_of(other)
        for key in sorted(before ^ after):
            yield f"{case}/{name}: {key} only {'there' if key in before else 'here'}"


def keys_of(path: Path) -> set[str]:
    """Keys of a JSON file or columns of a table; none of other files."""
    if path.suffix == ".json":
        return set(key_paths(json.loads(path.read_text(encoding="utf-8"))))
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return set(next(csv.reader(file), []))
    return set()


def key_paths(content: Any, path: str = "") -> Iterator[str]:
    """Dotted paths of every key, those in the rows of a list once."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield f"{path}{key}"
            yield from key_paths(value, f"{path}{key}.")
    elif isinstance(content, list):
        for item in content:
            yield from key_paths(item, path)


def expected_lines(path: Path | None) -> list[str]:
    """The lines of a file that are neither empty nor remarks."""
    lines = path.read_text(encoding="utf-8").splitlines() if path else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def is_expected(line: str, meant: list[str]) -> bool:
    return any(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), line) for pattern in meant)


if __name__ == "__main__":
    sys.exit(main())
