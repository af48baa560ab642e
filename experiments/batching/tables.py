"""Writes results/tables.md from the sweep that run.sh made: cost and quality of each way to batch, over seeds.

usage: tables.py SWEEP
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

RESULTS = Path(__file__).parent / "results"


def main(sweep: Path) -> None:
    runs: dict[tuple[int, str], list[dict[str, float]]] = {}
    for path in sorted(sweep.glob("*/summary.json")):
        overrides = dict(one.split("=", 1) for one in json.loads((path.parent / "cell.json").read_text())["overrides"])
        key = (int(overrides["data.batch_pairs"]), overrides["data.batch_by"])
        runs.setdefault(key, []).append(figures(json.loads(path.read_text())))
    if not runs:
        sys.exit(f"{sweep} has no CELL/summary.json; run experiments/batching/run.sh first")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "tables.md").write_text(table(runs))


def figures(summary: Mapping[str, Any]) -> dict[str, float]:
    """What a row of the table is made of, of one run."""
    (test,) = (row for row in summary["evaluation"] if row["split"] == "test" and row["slice"] is None)
    return {
        "cpu_seconds": summary["train_cpu_seconds"],
        "accuracy": 100 * test["accuracy"],
        "nll": test["nll"],
        "longer": 100 * test["longer_accuracy"],
    }


def table(runs: Mapping[tuple[int, str], Sequence[Mapping[str, float]]]) -> str:
    lines = [
        "| pairs a batch | batches | CPU seconds | accuracy, % | NLL | longer, % |",
        "|--:|---|--:|--:|--:|--:|",
    ]
    for (pairs, by), found in sorted(runs.items()):
        means = {name: fmean(run[name] for run in found) for name in found[0]}
        spread = {name: stdev(run[name] for run in found) if len(found) > 1 else 0.0 for name in ("accuracy", "nll")}
        lines.append(
            f"| {pairs} | {'of one prompt' if by == 'prompt' else 'shuffled'} | {means['cpu_seconds']:.0f} "
            f"| {means['accuracy']:.1f} ± {spread['accuracy']:.1f} | {means['nll']:.3f} ± {spread['nll']:.3f} "
            f"| {means['longer']:.1f} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
