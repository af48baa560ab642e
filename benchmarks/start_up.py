"""What a command costs besides its work: seconds of a whole process, those of its work taken off, beside bare imports.

Usage: `python -m benchmarks.start_up [--rounds 5] [--out FILE.json]`. Each round runs `python -c "import torch,
lightning.pytorch"` and then each command, all of them processes of their own; work is every phase in `summary.json` but
configuration and imports. A first round, which fills caches of files, does not count.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

BARE = ("-c", "import torch, lightning.pytorch")
COMMAND = ("-m", "rmexp", "train", "data=json_vs_text", "model=tiny", "trainer.max_steps=1")
START = {"configuration", "imports"}  # phases that are no work


def seconds_of(arguments: Sequence[str]) -> float:
    """Wall seconds of a process, from its start to its end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began


def measure() -> dict[str, float]:
    """One round."""
    bare = seconds_of(BARE)
    with tempfile.TemporaryDirectory() as folder:
        whole = seconds_of([*COMMAND, f"run_dir={folder}/run"])
        phases = json.loads((Path(folder) / "run" / "summary.json").read_text(encoding="utf-8"))["phases"]
    work = sum(seconds for name, seconds in phases.items() if name not in START)
    return {"bare imports": bare, "train, one step": whole, "of it work": work, "start-up": whole - work}


def main() -> None:
    """Measure, print a table, write JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rounds = [measure() for _ in range(options.rounds + 1)][1:]
    median = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    for name, seconds in median.items():
        print(f"{name:<16} {seconds:5.2f} s")
    print(f"start-up beyond bare imports: {median['start-up'] - median['bare imports']:+.2f} s")
    if options.out is not None:
        options.out.write_text(json.dumps({"command": COMMAND, "rounds": rounds, "median": median}, indent=2) + "\n")


if __name__ == "__main__":
    main()
