"""Writes tables.md, figures.json and filtering.svg from the runs that run.sh made; usage: tables.py OUT RESULTS."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from rmexp.durable import write_json, write_text
from rmexp.statistics.means import mean_interval

SETS = ("synthetic", "ukpconvarg1")
PARTS = {
    "all": "no filter",
    "random": "random drop",
    "filtered": "filtered, labels unseen",
    "seen": "filtered, labels seen",
    "right": "perfect filter",
}
Row = Mapping[str, Any]


def main(out: Path, results: Path) -> None:
    filters, models = list(filter_rows(out)), list(model_rows(out))
    if not filters or not models:
        sys.exit(f"{out} has no finished runs; run experiments/filtering/run.sh first")
    write_json(results / "figures.json", {"filters": filters, "models": models})
    tables = [filter_table(filters), model_table(models, "accuracy"), model_table(models, "nll"), gains(models)]
    write_text(results / "tables.md", "\n".join(["# Tables", "", "Written by tables.py.", "", *tables]))
    picture(filters, models, results / "filtering.svg")


def filter_rows(out: Path) -> Iterator[dict[str, Any]]:
    """Each cell's filter: the two halves together, and that of the model which had seen the labels."""
    for name in SETS:
        for cell in sorted(file.parent for file in (out / "filter" / name / "seen").glob("noise*/*/summary.json")):
            noise, seed = cell.parts[-2:]
            for method, folders in (("unseen", ("a", "b")), ("seen", ("seen",))):
                found = [summary(out / "filter" / name / folder / noise / seed) for folder in folders]
                yield {"set": name, "noise": int(noise[5:]), "seed": int(seed), "method": method, **together(found)}


def together(found: Sequence[Row]) -> dict[str, float]:
    """Figures of several filters as of one, weighted by what they are shares of."""
    noise = [row["noise"] for row in found]

    def weighted(key: str) -> float:
        counted = [figure[key] for figure in noise]
        return sum(figure["value"] * figure["n"] for figure in counted) / sum(figure["n"] for figure in counted)

    pairs = sum(figure["pairs"] for figure in noise)
    return {
        "pairs": pairs,
        "kept": sum(row["kept"] for row in found) / sum(row["units"] for row in found),
        "auroc": sum(figure["auroc"] * figure["pairs"] for figure in noise) / pairs,
        **{key: weighted(key) for key in ("flipped", "precision", "recall", "left")},
    }


def model_rows(out: Path) -> Iterator[dict[str, Any]]:
    """The model of each cell and part on the clean test pairs."""
    for name in SETS:
        for part in PARTS:
            for cell in sorted(file.parent for file in (out / "train" / name / part).glob("noise*/*/summary.json")):
                found = summary(cell)
                test = next(row for row in found["evaluation"] if row["split"] == "test" and row["slice"] is None)
                figures = {key: test.get(key) for key in ("n", "accuracy", "nll", "longer_accuracy", "bayes_accuracy")}
                noise, seed = cell.parts[-2:]
                yield {
                    "set": name,
                    "noise": int(noise[5:]),
                    "seed": int(seed),
                    "part": part,
                    "train_pairs": found["train_pairs"],
                    "seconds": found["seconds"],
                    **figures,
                }


def summary(folder: Path) -> Row:
    content: Row = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return content


def of(rows: Sequence[Row], **wanted: Any) -> list[Row]:
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def spread(values: Sequence[float], scale: float = 100, digits: int = 1) -> str:
    """Mean and standard deviation over seeds."""
    sd = f" ± {scale * stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{scale * fmean(values):.{digits}f}{sd}" if values else "-"


def cells(rows: Sequence[Row]) -> list[tuple[str, int]]:
    return list(dict.fromkeys((row["set"], row["noise"]) for row in rows))


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"## {title}", "", f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def filter_table(rows: Sequence[Row]) -> str:
    header = ["data", "turned round, %", "scored by a model that has the labels", "AUROC", "kept, %"]
    header += ["wrong among the dropped, %", "of the wrong dropped, %", "wrong among the kept, %"]
    body = []
    for name, noise in cells(rows):
        for method in ("unseen", "seen"):
            found = of(rows, set=name, noise=noise, method=method)
            figures = [spread([row[key] for row in found]) for key in ("kept", "precision", "recall", "left")]
            auroc = spread([row["auroc"] for row in found], 1, 3)
            body.append([name, str(noise), method.replace("unseen", "not seen"), auroc, *figures])
    return table("The filter as a detector of wrong labels (mean ± deviation over seeds)", header, body)


def model_table(rows: Sequence[Row], key: str) -> str:
    scale, digits = (100, 1) if key == "accuracy" else (1, 3)
    body = []
    for name, noise in cells(rows):
        found = of(rows, set=name, noise=noise)
        beside = [row["bayes_accuracy"] or row["longer_accuracy"] for row in of(found, part="all")]
        figures = [spread([row[key] for row in of(found, part=part)], scale, digits) for part in PARTS]
        body.append([name, str(noise), *([spread(beside)] if key == "accuracy" else []), *figures])
    header = [
        "data",
        "turned round, %",
        *(["ceiling (synthetic), longer wins (ukpconvarg1)"] if key == "accuracy" else []),
    ]
    title = "Accuracy on clean test pairs, %" if key == "accuracy" else "Log-loss on clean test pairs, nats"
    return table(f"{title} (mean ± deviation over seeds)", [*header, *PARTS.values()], body)


def gains(rows: Sequence[Row]) -> str:
    """Differences of one seed's models, which share data and labels, with Student's interval over cells and seeds."""
    body = []
    for name in dict.fromkeys(row["set"] for row in rows):
        for part, other in (
            ("filtered", "all"),
            ("filtered", "random"),
            ("random", "all"),
            ("seen", "all"),
            ("right", "all"),
        ):
            for key, scale, digits in (("accuracy", 100, 1), ("nll", 1, 3)):
                differences = [
                    scale * (row[key] - beside[key])
                    for row in of(rows, set=name, part=part)
                    for beside in of(rows, **at(row), part=other)
                ]
                if not differences:
                    continue
                low, high = mean_interval(differences)
                bounds = "-" if low is None else f"[{low:+.{digits}f}, {high:+.{digits}f}]"
                cell = f"{fmean(differences):+.{digits}f}"
                body.append([name, f"{PARTS[part]} against {PARTS[other]}", key, cell, bounds, str(len(differences))])
    header = ["data", "difference", "figure", "mean", "95 %", "runs"]
    return table(
        "What filtering does to the model (accuracy in points; cells of all noise rates and seeds)", header, body
    )


def at(row: Row) -> dict[str, Any]:
    return {key: row[key] for key in ("set", "noise", "seed")}


def picture(filters: Sequence[Row], models: Sequence[Row], path: Path) -> None:
    with rc_context({"svg.hashsalt": "filtering", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(9.5, 3.2), layout="constrained")
        axes = figure.subplots(1, 3)
        for name, colour, marker in zip(SETS, ("#0072b2", "#d55e00"), "os", strict=True):
            found = [
                (noise, of(filters, set=name, noise=noise, method="unseen"))
                for _, noise in cells(of(filters, set=name))
            ]
            for key, style in (("precision", "-"), ("recall", "--")):
                values = [100 * fmean(row[key] for row in rows) for _, rows in found]
                axes[0].plot(
                    [noise for noise, _ in found], values, marker + style, color=colour, label=f"{name}, {key}"
                )
        axes[0].set(title="the filter", xlabel="labels turned round, %", ylabel="%", ylim=(0, 100))
        axes[0].legend(frameon=False, fontsize=7, handlelength=3.5)
        styles = {
            "all": ("#767676", "o-"),
            "random": ("#d55e00", "s--"),
            "filtered": ("#0072b2", "^-"),
            "right": ("#007f5f", "d:"),
        }
        for place, name in enumerate(SETS, start=1):
            for part, (colour, style) in styles.items():
                found = [
                    (noise, of(models, set=name, noise=noise, part=part)) for _, noise in cells(of(models, set=name))
                ]
                values = [100 * fmean(row["accuracy"] for row in rows) for _, rows in found if rows]
                axes[place].plot(
                    [noise for noise, rows in found if rows], values, style, color=colour, label=PARTS[part]
                )
            axes[place].set(title=f"trained after, {name}", xlabel="labels turned round, %", ylabel="test accuracy, %")
        axes[1].legend(frameon=False, fontsize=7)
        figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
