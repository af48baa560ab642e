"""What trackers cost: whole seconds, and shares of the steps of the same small training with each.

Usage: `python -m benchmarks.trackers [--rounds 3] [--arms csv,wandb,tensorboard] [--out FILE.json]`. Every run is a
process of its own, offline. Rounds are interleaved, and each begins with another arm, as a processor may slow down in
its course.

* `logging`: processor seconds in which the training itself makes the figures of a step and tells its loggers, as a
  share of the seconds of its steps.
* `telling`: of these the seconds with a tracker or `metrics.csv`.
* `threads`: processor seconds of all other threads, most of them a tracker's, likewise.
* `more`: seconds of the whole command, the quickest round's, above those of `csv`.
* `of csv`: steps per second to those of `csv` within a round. Two runs alike may differ by more than a tracker costs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any

TRAINING = ("train", "data=json_vs_text", "data.pairs=1000", "model=tiny", "trainer.max_epochs=4", "trainer.threads=1")
INSIDE, KINDS = "--inside", ("logging", "telling")


class Account:
    """Processor seconds of a training's steps."""

    def __init__(self) -> None:
        self.spent, self.depth = Counter[str](), Counter[str]()
        self.began = self.process = self.thread = 0.0
        self.found: dict[str, float] = {}

    def count(self, kind: str, holder: Any, *names: str) -> None:
        """Count the seconds of functions of a module or class; one in another of its kind counts once."""
        for name in names:
            setattr(holder, name, self._counted(kind, getattr(holder, name)))

    def _counted(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            began = time.thread_time()
            self.depth[kind] += 1
            try:
                return function(*arguments, **named)
            finally:
                self.depth[kind] -= 1
                if not self.depth[kind]:
                    self.spent[kind] += time.thread_time() - began

        return counted

    def begin(self) -> None:
        """The first step begins."""
        self.spent.clear()
        self.began = time.perf_counter()
        self.process, self.thread = time.process_time(), time.thread_time()

    def end(self) -> None:
        """The last step has ended."""
        own = time.thread_time() - self.thread
        others = time.process_time() - self.process - own
        seconds = time.perf_counter() - self.began
        self.found = {kind: self.spent[kind] / seconds for kind in KINDS} | {"threads": others / seconds}


def inside(arm: str, folder: Path) -> None:
    """Train, and write the account."""
    from rmexp import cli
    from rmexp.tracking.metrics_logger import MetricsCSV
    from rmexp.tracking.trackers import Trackers
    from rmexp.training import reward
    from rmexp.training.callbacks.progress import Progress

    account = Account()
    account.count("logging", reward, "step_figures", "log_step")
    account.count("telling", Trackers, "log_metrics", "validation", "table")
    account.count("telling", MetricsCSV, "log_metrics")
    started, ended = Progress.on_train_start, Progress.on_train_end

    def start(self: Progress, *rest: Any) -> None:
        started(self, *rest)
        account.begin()

    def end(self: Progress, *rest: Any) -> None:
        account.end()
        ended(self, *rest)

    Progress.on_train_start, Progress.on_train_end = start, end  # type: ignore[method-assign]
    code = cli.main([*TRAINING, f"logger={arm}", f"run_dir={folder}"])
    (folder / "account.json").write_text(json.dumps(account.found), encoding="utf-8")
    raise SystemExit(code)


def measure(arm: str, folder: Path) -> dict[str, float]:
    """Figures of one run."""
    command = [sys.executable, "-m", "benchmarks.trackers", INSIDE, arm, str(folder)]
    began = time.perf_counter()
    done = subprocess.run(command, stdout=PIPE, stderr=STDOUT, text=True, check=False, env=environment())
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{arm} failed:\n{done.stdout[-2000:]}")
    summary, account = (json.loads((folder / name).read_text("utf-8")) for name in ("summary.json", "account.json"))
    pairs = summary["steps"] / summary["epochs"] / summary["train_pairs"]
    return {"steps_per_second": summary["train_pairs_per_second"] * pairs, "seconds": seconds, **account}


def environment() -> dict[str, str]:
    """Ours, without what would send runs elsewhere."""
    return {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}


def main() -> None:
    """Measure, print a table, write JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--arms", default="csv,wandb,tensorboard")
    parser.add_argument("--out", type=Path)
    parser.add_argument(INSIDE, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options.inside[0], Path(options.inside[1]))
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
        least = [min(one["seconds"] for one in some) for some in (found, runs["csv"])]
        row = {
            "arm": arm,
            "steps_per_second": statistics.median(one["steps_per_second"] for one in found),
            "of_csv": statistics.median(ratios),
            "smallest": min(ratios),
            "largest": max(ratios),
            "more_seconds": least[0] - least[1],
            **{name: statistics.median(one[name] for one in found) for name in (*KINDS, "threads")},
        }
        rows.append(row)
        text = "{arm:12} {steps_per_second:8.1f} steps/s  {of_csv:6.3f} [{smallest:.3f}, {largest:.3f}] of csv"
        shares = "logging {logging:.2%}  telling {telling:.2%}  threads {threads:.2%}"
        print(f"{text}  {{more_seconds:+6.2f}} s  {shares}".format(**row))
    if options.out is not None:
        options.out.write_text(
            json.dumps({"training": TRAINING, "rounds": options.rounds, "rows": rows}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
