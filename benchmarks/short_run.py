"""What a short training spends beside its steps, and what other programs at work do to it.

Usage: `python -m benchmarks.short_run [--steps 60] [--rounds 3] [--busy 0] [--arguments KEY=VALUE ...]`. A reward model
of 6.8 million parameters is trained on HH's 2,312 dialogues by `rmexp train`. The table has the seconds of its phases;
the last line is the whole less configuration and imports, as a multiple of the seconds of training.

With `--busy N` so many programs compute beside it, and each round runs it twice: as on a busy machine, and with threads
that look for each other for milliseconds before they sleep, as OpenMP of GNU has them (`GOMP_SPINCOUNT=300000`).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.workload import DIALOGUES
from rmexp.hardware.waiting import TRIES

MODEL = ("model=tiny", "model.hidden_size=256", "model.layers=6", "model.vocabulary=8192")
COMMAND = (
    "train",
    "data=jsonl",
    f"data.path={DIALOGUES}",
    *MODEL,
    "data.batch_pairs=8",
    "data.on_bad_row=skip",
    "logger=csv",
)
START = {"configuration", "imports"}  # phases that are no work
SLEEPING, LOOKING = {"GOMP_SPINCOUNT": TRIES}, {"GOMP_SPINCOUNT": "300000"}
BUSY = "while True: sum(range(100000))"


def measured(arguments: Sequence[str], environment: dict[str, str]) -> dict[str, float]:
    """Seconds of the phases of one run, of its whole, and of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "rmexp", *COMMAND, *arguments, f"run_dir={folder}/run"]
        began, before = time.perf_counter(), os.times()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment})
        whole, after = time.perf_counter() - began, os.times()
        summary = json.loads((Path(folder) / "run" / "summary.json").read_text(encoding="utf-8"))
    phases: dict[str, float] = summary["phases"]
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    work = whole - sum(seconds for name, seconds in phases.items() if name in START)
    of_training = {"whole": whole, "processor": processor, "processor, steps": summary["train_cpu_seconds"]}
    return {**phases, **of_training, "beside the start, of training": work / phases["training"]}


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many programs that compute."""
    running = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def main() -> None:
    """Run the rounds and print the table of medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", type=int, default=0, help="programs that compute beside it")
    parser.add_argument("--arguments", nargs="*", default=[], help="further keys for `rmexp train`")
    given = parser.parse_args()
    ways: dict[str, dict[str, str]] = (
        {"threads sleep soon": SLEEPING, "threads look longer": LOOKING} if given.busy else {"as it is": {}}
    )
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    with busy(given.busy):
        for _ in range(given.rounds):
            for name, environment in ways.items():
                runs[name].append(measured([f"trainer.max_steps={given.steps}", *given.arguments], environment))
    print(f"| seconds | {' | '.join(ways)} |\n| --- |{' --- |' * len(ways)}")
    for part in runs["as it is"][0]:
        medians = (statistics.median(run[part] for run in runs[name]) for name in ways)
        print(f"| {part} | {' | '.join(f'{median:.2f}' for median in medians)} |")


if __name__ == "__main__":
    main()
