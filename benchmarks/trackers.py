"""What trackers and the live display cost: steps per second and whole seconds of the same small training with each.

Usage: `python -m benchmarks.trackers [--rounds 3] [--arms csv,terminal,wandb,tensorboard] [--out FILE.json]`. Every run
is a process of its own, offline; `terminal` is `csv` with the display of a terminal. Rounds are interleaved, and each
begins with another arm, as a processor may slow down in its course. Ratios are to `csv` within a round: their median,
the smallest and the largest of them.
"""

import argparse
import contextlib
import json
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE, STDOUT

TRAINING = ("train", "data=json_vs_text", "data.pairs=1000", "model=tiny", "trainer.max_epochs=4", "trainer.threads=1")
TERMINAL = "terminal"


def measure(arm: str, folder: Path) -> dict[str, float]:
    """Steps per second of training and seconds of the whole command."""
    logger = "csv" if arm == TERMINAL else arm
    command = [sys.executable, "-m", "rmexp", *TRAINING, f"logger={logger}", f"run_dir={folder}"]
    began = time.perf_counter()
    code, said = in_a_terminal(command) if arm == TERMINAL else in_a_pipe(command)
    seconds = time.perf_counter() - began
    if code:
        raise SystemExit(f"{arm} failed:\n{said[-2000:]}")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    pairs = summary["steps"] / summary["epochs"] / summary["train_pairs"]
    return {"steps_per_second": summary["train_pairs_per_second"] * pairs, "seconds": seconds}


def in_a_pipe(command: Sequence[str]) -> tuple[int, str]:
    """Exit status and output of a command that is watched by nobody."""
    done = subprocess.run(command, stdout=PIPE, stderr=STDOUT, text=True, check=False, env=environment())
    return done.returncode, done.stdout


def in_a_terminal(command: Sequence[str]) -> tuple[int, str]:
    """The same in a terminal of 120 columns, which somebody reads."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 120))
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment())
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # a terminal whose last writer has ended
        while part := os.read(ours, 65536):
            said += part
    os.close(ours)
    return process.wait(), said.decode(errors="replace")


def environment() -> dict[str, str]:
    """Ours, without what would send runs elsewhere."""
    return {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")} | {
        "TERM": "xterm-256color"
    }


def main() -> None:
    """Measure, print a table, write JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--arms", default="csv,terminal,wandb,tensorboard")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    arms = options.arms.split(",")
    runs: dict[str, list[dict[str, float]]] = {arm: [] for arm in arms}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            first = number % len(arms)
            for arm in (*arms[first:], *arms[:first]):
                runs[arm].append(measure(arm, Path(folder) / f"{arm}-{number}"))
    rows = []
    for arm, found in runs.items():
        beside = list(zip(found, runs["csv"], strict=True))
        ratios = [one["steps_per_second"] / plain["steps_per_second"] for one, plain in beside]
        more = [one["seconds"] - plain["seconds"] for one, plain in beside]
        row = {
            "arm": arm,
            "steps_per_second": statistics.median(one["steps_per_second"] for one in found),
            "of_csv": statistics.median(ratios),
            "smallest": min(ratios),
            "largest": max(ratios),
            "more_seconds": statistics.median(more),
        }
        rows.append(row)
        text = "{arm:12} {steps_per_second:8.1f} steps/s  {of_csv:6.3f} [{smallest:.3f}, {largest:.3f}] of csv"
        print(f"{text}  {{more_seconds:+6.2f}} s".format(**row))
    if options.out is not None:
        options.out.write_text(
            json.dumps({"training": TRAINING, "rounds": options.rounds, "rows": rows}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
