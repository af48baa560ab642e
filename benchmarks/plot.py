"""Draws `benchmarks/results/speed.svg`: every training benchmark that lies in that folder.

Usage: `python -m benchmarks.plot`.
"""

import json
from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

RESULTS = Path(__file__).parent / "results"
ARMS = {  # colour and mark
    "loop": ("plain loop, fp32", "#767676", "o"),
    "trl": ("TRL, defaults", "#e69f00", "s"),
    "trl_fast": ("TRL, no checkpointing", "#cc79a7", "D"),
    "trl_grouped": ("TRL, grouped by length", "#d55e00", "^"),
    "rmexp_fp32": ("rmexp, fp32", "#56b4e9", "v"),
    "rmexp_online": ("rmexp, reference online", "#007f5f", "P"),
    "rmexp": ("rmexp", "#0072b2", "X"),
}


def title(result: dict[str, Any]) -> str:
    """Which benchmark it is."""
    return f"{result['task']}, {result['size'].upper()}, {result['data']}, batch {result['batch']}"


def picture(results: list[dict[str, Any]]) -> Figure:
    """Speed as a multiple of the plain loop's on the left, peak memory as a share of its on the right."""
    rcParams.update({"svg.hashsalt": "rmexp", "svg.fonttype": "none", "font.size": 8.5})
    figure = Figure(figsize=(9.2, 0.9 + 0.42 * len(results)), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    labels = {"times_loop": "pairs per second, times the plain loop", "memory_of_loop": "memory, of the plain loop's"}
    for axis, (key, label) in zip(axes, labels.items(), strict=True):
        for place, result in enumerate(reversed(results)):
            for row in result["rows"]:
                if row["arm"] in ARMS:
                    _, colour, mark = ARMS[row["arm"]]
                    axis.plot([row[key]], [place], mark, color=colour, markersize=6)
        axis.set(xlabel=label, xlim=(0, None))
        axis.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes[0].set_yticks(range(len(results)), [title(result) for result in reversed(results)])
    drawn = {row["arm"] for result in results for row in result["rows"]}
    for name, colour, mark in (look for arm, look in ARMS.items() if arm in drawn):
        axes[1].plot([], [], mark, color=colour, label=name)
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    return figure


def main() -> None:
    """Read, draw, write."""
    found = (json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json")))
    results = [result for result in found if "task" in result]  # others are not of training
    ordered = sorted(
        results, key=lambda result: (result["task"] != "reward", result["size"], result["data"], result["batch"])
    )
    picture(ordered).savefig(RESULTS / "speed.svg", metadata={"Date": None, "Creator": None}, facecolor="white")


if __name__ == "__main__":
    main()
