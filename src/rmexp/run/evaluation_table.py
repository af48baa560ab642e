"""What `rmexp evaluate` leaves on the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rmexp.reports.evaluation_wording import bounds
from rmexp.reports.numbers import p_value
from rmexp.run.terminal import interval, number, percent, show_table
from rmexp.runs.summaries.evaluate import EvaluateSummary

Row = Mapping[str, Any]  # of evaluation.json


def show_evaluation(summary: EvaluateSummary, path: Path) -> None:
    """Print the figures over whole splits, the halves by length, what tells scorers apart, and where all of it is."""
    results: Sequence[Row] = summary.results
    for data, split in dict.fromkeys((row["data"], row["split"]) for row in results):
        here = [row for row in results if (row["data"], row["split"]) == (data, split)]
        _show_set(f"{data} {split}", here)
        rules = [row for row in here if row["baseline"] and row["slice"] is None and row["accuracy"] is not None]
        best = [row["scorer"] for row in sorted(rules, key=lambda row: -row["accuracy"])]
        _show_comparisons([row for row in summary.comparisons if (row["data"], row["split"]) == (data, split)], best)
        _show_suite([row for row in summary.suites if (row["data"], row["split"]) == (data, split)])
        print()
    for row in summary.seeds:
        if row["slice"] is None:
            print(_seed_line(row))
    print(f"evaluation   {path / 'evaluation.json'}")
    print(f"run folder   {path}")
    print(f"report       {path / 'report.html'}")


def _show_set(title: str, rows: Sequence[Row]) -> None:
    halves = {(row["scorer"], row["slice"]): row["accuracy"] for row in rows}
    table = []
    for row in (row for row in rows if row["slice"] is None):
        name = row["scorer"] + (" (rule)" if row["baseline"] else "")
        low, high = bounds(row)
        parts = [percent(halves.get((row["scorer"], f"length={part}"))) for part in ("matched", "shorter_chosen")]
        calibrated = [number(row.get(key)) for key in ("nll", "ece", "temperature")]
        table.append((name, percent(row["accuracy"]), interval(low, high), str(row["n"]), *parts, *calibrated))
    first = next(row for row in rows if row["slice"] is None)
    if "bayes_accuracy" in first:
        best = (percent(first["bayes_accuracy"]), "", str(first["n"]), "", "", number(first["bayes_nll"]), "", "")
        table.append(("best possible", *best))
    header = ("accuracy", "95 %", "n", "like length", "shorter better", "nll", "ece", "temperature")
    show_table((title, *header), table)


def _show_suite(rows: Sequence[Row]) -> None:
    """What a public benchmark itself makes of the scores."""
    if rows:
        parts = list(rows[0]["figures"])
        figures = [(row["scorer"], *(percent(row["figures"][part]) for part in parts)) for row in rows]
        show_table((rows[0]["data"], *parts), figures)


def _show_comparisons(rows: Sequence[Row], rules: Sequence[str]) -> None:
    """Each two scorers, and each scorer with the best of the rules, which come in the order of their accuracy."""
    known = [row for row in rows if row["slice"] is None and row["difference"] is not None]
    for row in (row for row in known if row["second"] not in rules[1:]):
        points = f"{100 * row['difference']:+.1f} points {interval(row['difference_low'], row['difference_high'])}"
        of_draws = "" if row["bootstrap_p"] is None else f", bootstrap p {p_value(row['bootstrap_p'])}"
        print(
            f"{row['first']} - {row['second']}: {points.rstrip()}{of_draws}, McNemar p {p_value(row['mcnemar_p'])}, "
            f"right alone {row['first_alone']} : {row['second_alone']}"
        )


def _seed_line(row: Row) -> str:
    where = f"{row['data']} {row['split']} {row['figure']}"
    if row["against"] is not None:
        p = "" if row["p"] is None else f", Welch p = {row['p']:.3g}"
        return f"{where}: {row['method']} - {row['against']} {row['difference']:+.4f}{p}"
    spread = "" if row["sd"] is None else f" +- {row['sd']:.4f} (sd)"
    return f"{where}: {row['method']} {row['mean']:.4f}{spread}, {row['n']} seeds"
