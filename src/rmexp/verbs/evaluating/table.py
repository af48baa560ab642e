"""What `rmexp evaluate` leaves on the terminal."""

from collections.abc import Sequence
from pathlib import Path

from rmexp.evaluation.figures import Figures
from rmexp.evaluation.paired import Paired
from rmexp.reports.cut import cut_sentence
from rmexp.reports.drawing.numbers import p_value, taken
from rmexp.reports.seen import apart_sentences
from rmexp.reports.terminal import interval, number, percent, share_interval, show_table
from rmexp.runs.summaries.evaluate import EvaluateSummary, SuiteResult
from rmexp.runs.summaries.seed_groups import MethodFigure


def show_evaluation(summary: EvaluateSummary, path: Path) -> None:
    """Print the figures over whole splits, the halves by length, what tells scorers apart, and where all of it is."""
    for data, split in dict.fromkeys((row.data, row.split) for row in summary.results):
        figures = [row.figures for row in summary.results if (row.data, row.split) == (data, split)]
        paired = [row.paired for row in summary.comparisons if (row.data, row.split) == (data, split)]
        _show_set(f"{data} {split}", figures)
        rules = [one for one in figures if one.rule and one.slice is None and one.accuracy.value is not None]
        best = [one.scorer for one in sorted(rules, key=lambda one: -(one.accuracy.value or 0.0))]
        seen = [one for one in summary.seen if (one.data, one.split) == (data, split)]
        print("".join(f"{sentence}\n" for sentence in apart_sentences(seen, figures)), end="")
        read = [one for one in summary.read if (one.data, one.split) == (data, split)]
        print("".join(f"{cut_sentence(one.scorer, one.max_tokens, one.counts)}\n" for one in read), end="")
        _show_comparisons(paired, best)
        _show_suite([row for row in summary.suites if (row.data, row.split) == (data, split)])
        print()
    for row in summary.seeds:
        if row.slice is None:
            print(_seed_line(row))
    print(f"evaluation   {path / 'evaluation.json'}")
    print(f"run folder   {path}")
    print(f"report       {path / 'report.html'}")


def _show_set(title: str, figures: Sequence[Figures]) -> None:
    parts = {(one.scorer, one.slice): one.accuracy.value for one in figures}
    whole = [one for one in figures if one.slice is None]
    table = []
    for one in whole:
        halves = [percent(parts.get((one.scorer, f"length={part}"))) for part in ("matched", "shorter_chosen")]
        found = one.accuracy
        bounds = share_interval(found.low, found.high, few=found.few and found.n > 0, ties=one.tie_rate)
        name = one.scorer + (" (rule)" if one.rule else "")
        counts = str(one.n), str(one.label_ties or ""), str(one.unscored or "")
        calibrated = map(number, _calibrated(one))
        table.append((name, percent(one.accuracy.value), bounds, *counts, *halves, *calibrated))
    if (ceiling := whole[0].ceiling) is not None:
        best = (percent(ceiling.bayes_accuracy), "", str(whole[0].n), "", "", "", "", number(ceiling.bayes_nll), "", "")
        table.append(("best possible", *best))
    header = (
        "accuracy",
        "95 %",
        "n",
        "labelled ties",
        "unscored",
        "like length",
        "shorter better",
        "nll",
        "ece",
        "temperature",
    )
    show_table((title, *header), table)
    if whole[0].method:
        print(f"accuracies: {taken(whole[0].method)}")


def _calibrated(one: Figures) -> tuple[float | None, float | None, float | None]:
    """Log-loss, calibration error and temperature."""
    found = one.probabilities
    return (None,) * 3 if found is None else (found.nll.value, found.calibration.ece, found.calibration.temperature)


def _show_suite(rows: Sequence[SuiteResult]) -> None:
    """What a public benchmark itself makes of the scores."""
    if rows:
        parts = list(rows[0].figures)
        figures = [(row.scorer, *(percent(row.figures[part]) for part in parts)) for row in rows]
        show_table((rows[0].data, *parts), figures)


def _show_comparisons(rows: Sequence[Paired], rules: Sequence[str]) -> None:
    """Each two scorers, and each scorer with the best of the rules, which come in the order of their accuracy."""
    known = [row for row in rows if row.slice is None and row.difference.value is not None]
    shown = [row for row in known if row.second not in rules[1:]]
    for row in shown:
        print(f"{row.first} - {row.second}: {_difference(row)}, right alone {row.first_alone} : {row.second_alone}")
    if shown and shown[0].method:
        print(f"differences: {taken(shown[0].method)}")


def _difference(row: Paired) -> str:
    found = row.difference
    points = f"{100 * (found.value or 0.0):+.1f} points"
    if found.p is None or found.low is None:
        return f"{points} (too few prompts tell them apart for an interval)" if found.few else points
    return f"{points} {interval(found.low, found.high)}, p {p_value(found.p)}"


def _seed_line(row: MethodFigure) -> str:
    where, seeds, welch = f"{row.data} {row.split} {row.figure}: {row.method}", row.seeds, row.welch
    if welch is not None:
        p = "" if welch.p is None else f", Welch p = {welch.p:.3g}"
        return f"{where} - {row.against} {welch.difference:+.4f}{p}"
    if seeds is None:
        return f"{where} -"
    spread = "" if seeds.sd is None else f" +- {seeds.sd:.4f} (sd)"
    return f"{where} {seeds.mean:.4f}{spread}, {seeds.n} seeds"
