"""Writes results/evaluation.md from the evaluation.json of both rewards over three seeds; usage: evaluation.py RUN."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
Row = Mapping[str, Any]


def main(run: Path) -> None:
    evaluation = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))
    RESULTS.mkdir(exist_ok=True)
    content = "\n".join(
        [scorers(evaluation["results"]), methods(evaluation["seeds"]), pairs(evaluation["comparisons"])]
    )
    (RESULTS / "evaluation.md").write_text(content, encoding="utf-8")


def scorers(rows: Sequence[Row]) -> str:
    """Each scorer and rule, on whole sets and on the halves by length."""
    body = []
    for row in (row for row in rows if row["slice"] is None):
        halves = [share(half["accuracy"]) for half in by_length(rows, row)]
        bounds = interval(row["accuracy_bootstrap_low"], row["accuracy_bootstrap_high"], share)
        slope = None if row["baseline"] else (row["slopes"]["length"] or {}).get("relative")
        calibration = (row["nll"], row["ece"], row["ece_if_calibrated"], row["temperature"], slope)
        body.append([*place(row), str(row["n"]), share(row["accuracy"]), bounds, *halves, *map(digits, calibration)])
    header = ["data", "scorer", "n", "accuracy, %", "95 % over prompts", "longer is better", "shorter is better"]
    header += ["log-loss", "ECE", "ECE by chance", "temperature", "sd a doubling of length"]
    return table("Each scorer, with the rules beside it", header, body)


def by_length(rows: Sequence[Row], of: Row) -> list[Row]:
    names = ("length=longer_chosen", "length=shorter_chosen")
    return [row for name in names for row in rows if row["slice"] == name and place(row) == place(of)]


def methods(rows: Sequence[Row]) -> str:
    """Each method over its seeds, and the two against each other."""
    body = []
    for row in (row for row in rows if row["slice"] is None):
        name = f"{row['method']} - {row['against']}" if row["against"] else row["method"]
        mean = row["difference"] if row["against"] else row["mean"]
        sd, p = (None, row["p"]) if row["against"] else (row["sd"], None)
        bounds = interval(row["low"], row["high"], digits)
        body.append([row["data"], row["figure"], name, digits(mean), digits(sd), bounds, digits(p)])
    header = ["data", "figure", "method", "mean", "sd", "95 % over seeds", "p (Welch)"]
    return table("Over three seeds of training", header, body)


def pairs(rows: Sequence[Row]) -> str:
    """Explicit against implicit of one seed, and each against the longer response, on the same pairs."""
    body = []
    for row in (row for row in rows if row["slice"] is None):
        first, second = row["first"], row["second"]
        if second == "longer" or (first[-1] == second[-1] and first[:-1] == "explicit"):
            bounds = interval(row["difference_low"], row["difference_high"], share)
            alone = f"{row['first_alone']} : {row['second_alone']}"
            p = [digits(row[key]) for key in ("mcnemar_p", "mcnemar_p_holm", "bootstrap_p")]
            body.append([row["data"], f"{first} - {second}", share(row["difference"]), bounds, alone, *p])
    header = ["data", "difference", "points", "95 % over prompts", "right alone", "McNemar p", "Holm over slices"]
    return table("On the same pairs", [*header, "bootstrap p"], body)


def place(row: Row) -> tuple[str, str]:
    return row["data"], row["scorer"]


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join([f"**{title}**", "", *(f"| {' | '.join(line)} |" for line in lines), ""])


def interval(low: float | None, high: float | None, form: Any) -> str:
    return "-" if low is None or high is None else f"[{form(low)}, {form(high)}]"


def share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
