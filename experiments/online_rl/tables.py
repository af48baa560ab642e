"""Writes tables.md from the runs that run.sh made; usage: tables.py OUT RESULTS.

Gains are told in standard deviations of the starting policy's gold; an iteration counts once the mean over it and the
two before it, of fresh training samples, is above the mark. Seconds are told of the short runs alone, which take an
idle machine; validation and the evaluation before and after are not in them.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rmexp.durable import write_text
from rmexp.tracking.metrics_csv import read_metrics

WINDOW = 3  # iterations
PARTS = {
    "gold": ("The gold reward of synthetic replies", "gold reward", (1.0, 2.0), True),
    "json": ("Responses that are JSON, 18 layouts", "share that is JSON", (0.8, 0.9), False),
    "json_flat": ("Responses that are JSON, one layout", "share that is JSON", (0.8, 0.9), False),
}
ESTIMATORS = {"gae": "PPO", "rloo": "RLOO"}


def main(out: Path, results: Path) -> None:
    lines = ["# Tables", "", "Written by tables.py.", ""]
    for part, (title, what, marks, in_deviations) in PARTS.items():
        rows = list(runs(out / part, marks, in_deviations=in_deviations))
        if rows:
            lines += [f"## {title}", "", *table(rows, what, marks, in_deviations=in_deviations), ""]
    if len(lines) == 4:
        sys.exit(f"{out} has no finished runs; run experiments/online_rl/run.sh first")
    write_text(results / "tables.md", "\n".join(lines))


def runs(folder: Path, marks: Sequence[float], *, in_deviations: bool) -> Iterator[dict[str, Any]]:
    """What a row of the table is made of, of each finished run."""
    for estimator, name in ESTIMATORS.items():
        for path in sorted((folder / estimator).glob("*/summary.json")):
            summary = json.loads(path.read_text(encoding="utf-8"))
            gold, rows = summary["gold"], read_metrics(path.parent / "metrics.csv")
            start, unit = (gold["before"], gold["sd_before"]) if in_deviations else (0.0, 1.0)
            course = (np.array([float(row["rollout/gold"]) for row in rows]) - start) / unit
            means = np.convolve(course, np.ones(WINDOW) / WINDOW, mode="valid")
            passed = [int(np.argmax(means > mark)) + WINDOW - 1 if (means > mark).any() else None for mark in marks]
            yield {
                "estimator": name,
                "seed": path.parent.name,
                "before": gold["before"],
                "after": gold["after"],
                "gain": (gold["after"] - gold["before"]) / gold["sd_before"],
                "kl": summary["kl"],
                "seconds": float(rows[-1]["seconds"]),
                "iterations": len(rows),
                "passed": [None if at is None else rows[at] | {"iteration": at + 1} for at in passed],
            }


def table(rows: Sequence[dict[str, Any]], what: str, marks: Sequence[float], *, in_deviations: bool) -> list[str]:
    names = [f"+{mark:.0f} SD" if in_deviations else f"{mark:.0%}" for mark in marks]
    when = "iteration, KL, s" if in_deviations else "iteration, KL"
    heads = ["estimator", "seed", f"{what} before", "after", *(f"{name}: {when}" for name in names)]
    heads += ["gain, SD", "KL", "iterations", "seconds"] if in_deviations else ["KL", "iterations"]
    lines = [f"| {' | '.join(heads)} |", "|---|--:|" + "--:|" * (len(heads) - 2)]
    for row in rows:
        cells = [row["estimator"], row["seed"], f"{row['before']:.2f}", f"{row['after']:.3f}"]
        for at in row["passed"]:
            after = f", {float(at['seconds']):.0f}" if at and in_deviations else ""
            cells.append(f"{at['iteration']}, {float(at['rollout/kl']):.1f}{after}" if at else "-")
        cells += [f"{row['gain']:.2f}"] if in_deviations else []
        cells += [f"{row['kl']:.1f}", str(row["iterations"])]
        cells += [f"{row['seconds']:.0f}"] if in_deviations else []
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
