"""Writes results/tables.md and results/figures.json from the summaries of the runs that run.sh made."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

from rmexp.scoring.scored_file import read_scored
from rmexp.tracking.metrics_csv import read_metrics

RESULTS = Path(__file__).parent / "results"
KEPT = ("data", "seed", "beta", "train_pairs", "splits", "reductions", "graded", "stages", "seconds")


def main(folder: Path) -> None:
    runs = [
        (path.parent.parent.name, json.loads(path.read_text())) for path in sorted(folder.glob("*/seed*/summary.json"))
    ]
    if not runs:
        sys.exit(f"{folder} has no */seed*/summary.json; run experiments/json_vs_text/run.sh first")
    RESULTS.mkdir(exist_ok=True)
    tables = [accuracy(runs), correlation(runs), prompt_length(runs), length(runs), grades(runs), cost(runs)]
    (RESULTS / "tables.md").write_text("\n".join(tables))
    figures = [{"name": name} | {key: summary[key] for key in KEPT} for name, summary in runs]
    for figure in figures:
        for level in figure["reductions"]["levels"]:
            level["flipped"] = len(level["flipped"])
    picture(folder / "json_vs_text" / "seed0").savefig(
        RESULTS / "rewards.svg", metadata={"Date": None, "Creator": None}, facecolor="white"
    )
    (RESULTS / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")


def picture(run: Path) -> Figure:
    """Loss per step of both stages, and both rewards of every response to an unseen topic."""
    rcParams.update({"svg.hashsalt": "rmexp", "svg.fonttype": "none", "font.size": 9})
    figure = Figure(figsize=(8.4, 3.2), layout="constrained")
    losses, rewards = figure.subplots(1, 2)
    for stage, label, style in (("reward", "reward model", "-"), ("dpo", "DPO policy", "--")):
        rows = [row for row in read_metrics(run / stage / "metrics.csv") if row["train/loss"]]
        losses.plot([int(row["step"]) for row in rows], [float(row["train/loss"]) for row in rows], style, label=label)
    losses.set(yscale="log", xlabel="step", ylabel="loss", title="Training loss")
    losses.legend(frameon=False)
    scores = [read_scored(run / "scored" / f"unseen.{name}.jsonl")[0] for name in ("explicit", "implicit")]
    for side, label, mark in ((0, "JSON", "o"), (1, "text", "^")):
        explicit, implicit = ([row.scores[side] for row in rows] for rows in scores)
        rewards.scatter(explicit, implicit, s=14, marker=mark, label=label, alpha=0.8)
    rewards.set(xlabel="explicit reward", ylabel="implicit reward", title="160 responses on topics never seen")
    rewards.legend(frameon=False)
    return figure


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join([f"**{title}**", "", *(f"| {' | '.join(line)} |" for line in lines), ""])


def by_split(runs: Any) -> Any:
    for name, summary in runs:
        for split, figures in summary["splits"].items():
            yield [name, split, str(summary["seed"])], figures


def accuracy(runs: Any) -> str:
    rows = []
    for start, figures in by_split(runs):
        scorers = (figures["explicit"], figures["implicit"], figures["baselines"]["longer"])
        cells = [f"{share(scorer['accuracy'])} {bounds(scorer)}" for scorer in scorers]
        agreed = figures["agreement"]
        square = "/".join(str(agreed[k]) for k in ("both_right", "only_explicit", "only_implicit", "both_wrong"))
        rows.append([*start, *cells, share(agreed["same_order"]), square, f"{agreed['mcnemar_p']:.2g}"])
    square = "both right / only explicit / only implicit / both wrong"
    return table(
        "Accuracy on held-out pairs, with 95 % Wilson intervals, and agreement",
        ["data", "split", "seed", "explicit", "implicit", "longer wins", "same order", square, "McNemar p"],
        rows,
    )


def correlation(runs: Any) -> str:
    rows = []
    for start, figures in by_split(runs):
        agreed = figures["agreement"]
        keys = ("spearman", "kendall", "spearman_chosen", "spearman_rejected")
        ranges = [
            f"{min(f['chosen_min'], f['rejected_min']):.1f} .. {max(f['chosen_max'], f['rejected_max']):.1f}"
            for f in (figures["explicit"], figures["implicit"])
        ]
        rows.append([*start, *(number(agreed[key]) for key in keys), *ranges])
    header = ["data", "split", "seed", "Spearman, pooled", "Kendall, pooled", "Spearman, chosen", "Spearman, rejected"]
    return table("Rank correlation and ranges", [*header, "explicit rewards", "implicit rewards"], rows)


def prompt_length(runs: Any) -> str:
    rows = []
    for name, summary in runs:
        for level in summary["reductions"]["levels"]:
            start = [name, str(summary["seed"]), f"{level['prompt_tokens']:.0f}"]
            cells = [
                f(level[reduction][key])
                for key, f in (("margin", digits), ("within", share), ("across", share))
                for reduction in ("response_sum", "sequence_mean")
            ]
            rows.append([*start, *cells, f"{level['flips']} of {level['pairs']}"])
    header = ["data", "seed", "prompt tokens", "margin, sum", "margin, mean", "right within prompt, sum"]
    header += ["right within prompt, mean", "right across prompts, sum", "right across prompts, mean", "flips"]
    return table("Sum over response tokens beside the mean over prompt and response tokens", header, rows)


def length(runs: Any) -> str:
    rows = []
    for start, figures in by_split(runs):
        cells = []
        for scorer in ("explicit_length", "implicit_length"):
            effect = figures[scorer]
            cells += [f"{share(effect[k]['value'])} ({effect[k]['n']})" for k in ("chosen_longer", "chosen_shorter")]
            cells += [number(effect["spearman_chosen"])]
        rows.append([*start, *cells])
    header = [f"{s}: {c}" for s in ("explicit", "implicit") for c in ("chosen longer", "chosen shorter", "Spearman")]
    return table(
        "Accuracy by which response is longer (pairs), and rank correlation of reward and length among the chosen",
        ["data", "split", "seed", *header],
        rows,
    )


def grades(runs: Any) -> str:
    rows, labels = [], []
    for name, summary in runs:
        if summary["graded"]:
            labels = summary["graded"]["labels"]
            for scorer, figures in summary["graded"]["scorers"].items():
                means = [f"{figures['means'][label]:.1f}" for label in labels]
                wins = [share(figures["first_wins"][label]["value"]) for label in labels[1:]]
                rows.append([name, str(summary["seed"]), scorer, *means, *wins])
    wins = [f"{labels[0]} beats {label}" for label in labels[1:]]
    return table("Graded responses to unseen topics: mean reward", ["data", "seed", "scorer", *labels, *wins], rows)


def cost(runs: Any) -> str:
    rows = []
    for name, summary in runs:
        stages = [summary["stages"][stage] for stage in ("sft", "reward", "dpo")]
        trained = ["seconds" in stage for stage in stages]  # others were given by path
        seconds = [f"{stage['seconds']:.1f}" if own else "-" for stage, own in zip(stages, trained, strict=True)]
        memory = max(stage.get("peak_memory_mb", 0) for stage in stages)
        losses = [f"{stage['val']['loss']:.2g}" if own else "-" for stage, own in zip(stages, trained, strict=True)]
        rows.append([name, str(summary["seed"]), *seconds, *losses, f"{memory:.0f}"])
    header = ["sft s", "reward s", "dpo s", "sft val loss", "reward val loss", "dpo val loss", "peak MiB"]
    return table("Cost and final validation losses", ["data", "seed", *header], rows)


def share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def bounds(figures: Any) -> str:
    return f"[{share(figures['accuracy_low'])}, {share(figures['accuracy_high'])}]"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
