"""What trackers cost: steps per second and whole seconds of the same small training with each.

Usage: `python -m benchmarks.trackers [--rounds 3] [--arms csv,wandb,tensorboard] [--out FILE.json]`. Every run is a
process of its own, offline. Rounds are interleaved, and each begins with another arm, as a processor may slow down in
its course. Ratios are to `csv` within a round: their median, the smallest and the largest of them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from subprocess import PIPE, STDOUT

TRAINING = ("train", "data=json_vs_text", "data.pairs=1000", "model=tiny", "trainer.max_epochs=4", "trainer.threads=1")


def measure(arm: str, folder: Path) -> dict[str, float]:
    """Steps per second of training and seconds of the whole command."""
    command = [sys.executable, "-m", "rmexp", *TRAINING, f"logger={arm}", f"run_dir={folder}"]
    began = time.perf_counter()
    done = subprocess.run(command, stdout=PIPE, stderr=STDOUT, text=True, check=False, env=environment())
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{arm} failed:\n{done.stdout[-2000:]}")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    pairs = summary["steps"] / summary["epochs"] / summary["train_pairs"]
    return {"steps_per_second": summary["train_pairs_per_second"] * pairs, "seconds": seconds}


def environment() -> dict[str, str]:
    """Ours, without what would send runs elsewhere."""
    return {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}


def main() -> None:
    """Measure, print a table, write JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--arms", default="csv,wandb,tensorboard")
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
