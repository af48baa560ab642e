"""Writes results/ from the runs that run.sh made: tables.md, figures.json and difficulty.svg.

usage: tables.py OUT. Baselines and the transfer matrix stay what figures.json has them where OUT does not hold them.
"""

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

from rmexp.evaluation.measures.accuracy import pairwise_accuracy
from rmexp.jsonl import parse_row
from rmexp.lines import read_lines
from rmexp.records import Preference
from rmexp.scoring.scored_file import read_scored
from rmexp.statistics.shares import wilson

RESULTS = Path(__file__).parent / "results"
DATA = {
    "json_vs_text": "unseen",
    "synthetic_easy": "test",
    "synthetic": "test",
    "synthetic_hard": "test",
    "synthetic_prompt": "test",
    "blimp": "test",
    "blimp_paradigms": "test",
    "ukpconvarg1": "test",
    "hh_helpful": "test",
}
BACKBONES = {"tiny": "tiny, from scratch", "pretrained": "tiny, pre-trained", "minilm": "MiniLM encoder"}
Row = Mapping[str, Any]


def main(out: Path) -> None:
    rows = [*evaluations(out)]
    if not rows:
        sys.exit(f"{out} has no BACKBONE/DATA/seed*/summary.json; run experiments/difficulty/run.sh first")
    former = json.loads((RESULTS / "figures.json").read_text()) if (RESULTS / "figures.json").is_file() else {}
    profiles = {name: {"baselines": baselines} for name, baselines in former.get("baselines", {}).items()}
    profiles |= {path.parent.name: json.loads(path.read_text()) for path in sorted(out.glob("profile/*/profile.json"))}
    curves = [*learning_curves(out)]
    for key in dict.fromkeys((row["backbone"], row["data"]) for row in curves):
        whole = headline(rows, *key)  # splits of one data set differ by a few pairs
        curves += [row | {"train_pairs": whole[0]["train_pairs"]} for row in whole]
    matrix = out / "transfer" / "transfer.json"
    entries = json.loads(matrix.read_text()) if matrix.is_file() else former.get("transfer", [])
    RESULTS.mkdir(exist_ok=True)
    tables = [
        accuracies(rows, profiles),
        bits(rows),
        truth(rows),
        strict(out),
        by_bin(rows),
        held_out_paradigms(out),
        tests(rows),
        curve_table(curves),
        transfer(entries),
        cost(rows),
    ]
    (RESULTS / "tables.md").write_text("\n".join(table for table in tables if table))
    baselines = {name: profile["baselines"] for name, profile in profiles.items()}
    content = {"runs": rows, "baselines": baselines, "curves": curves, "transfer": entries}
    (RESULTS / "figures.json").write_text(json.dumps(content, indent=1) + "\n")
    picture(rows, profiles, curves).savefig(
        RESULTS / "difficulty.svg", metadata={"Date": None, "Creator": None}, facecolor="white"
    )


def evaluations(out: Path) -> Iterable[Row]:
    """Every row of figures of every run, with what was trained on what."""
    for path in sorted(out.glob("*/*/seed*/summary.json")):
        backbone, trained_on, seed = path.parts[-4:-1]
        if backbone not in BACKBONES:
            continue
        summary = json.loads(path.read_text())
        for row in summary["evaluation"]:
            run = {"backbone": backbone, "trained_on": trained_on, "seed": int(seed.removeprefix("seed"))}
            run |= {key: summary[key] for key in ("train_pairs", "train_cpu_seconds", "peak_memory_mb")}
            yield run | {"parameters": summary["model"]["parameters"]} | row


def learning_curves(out: Path) -> Iterable[Row]:
    for path in sorted(out.glob("curve/*/*/*/seed*/summary.json")):
        backbone, data, pairs, seed = path.parts[-5:-1]
        for row in json.loads(path.read_text())["evaluation"]:
            if row["data"] == data and row["split"] == "test" and row["slice"] is None:
                yield {"backbone": backbone, "train_pairs": int(pairs), "seed": int(seed.removeprefix("seed"))} | row


def headline(rows: Sequence[Row], backbone: str, data: str) -> list[Row]:
    """The rows, one a seed, of the test split of the data that a model was trained on."""
    return [
        row
        for row in rows
        if (row["backbone"], row["trained_on"], row["data"], row["split"], row["slice"])
        == (backbone, data, data, DATA[data], None)
    ]


def accuracies(rows: Sequence[Row], profiles: Mapping[str, Any]) -> str:
    lines = []
    for data in DATA:
        found = {name: headline(rows, name, data) for name in BACKBONES}
        any_rows = max(found.values(), key=len)
        if not any_rows:
            continue
        words = profiles.get(data, {}).get("baselines", {}).get("bag_of_words_length", {})
        lines.append(
            [
                data,
                str(any_rows[0]["train_pairs"]),
                "/".join(str(row["n"]) for row in any_rows),
                mean_sd([row.get("bayes_accuracy") for row in any_rows]),
                mean_sd([row["longer_accuracy"] for row in any_rows]),
                f"{share(words.get('accuracy'))} {bounds(words.get('low'), words.get('high'))}",
                *(f"{mean_sd([row['accuracy'] for row in runs])} {pooled(runs)}" for runs in found.values()),
            ]
        )
    header = ["data", "train", "test pairs", "ceiling", "longer", "bag of words", *BACKBONES.values()]
    note = (
        "Mean and standard deviation over seeds in per cent; in brackets the 95 % Wilson interval of all seeds' pairs "
        "together, which takes them as independent. Bag of words (and length): cross-validated in groups over the "
        "whole data set, with its clustered interval."
    )
    return table("Accuracy on test pairs", header, lines, note)


def bits(rows: Sequence[Row]) -> str:
    lines = []
    for data in DATA:
        found = [headline(rows, name, data) for name in BACKBONES]
        known = next((runs for runs in found if runs and "bayes_nll" in runs[0]), None)
        best = "-" if known is None else f"{1 - fmean(row['bayes_nll'] for row in known) / math.log(2):.3f}"
        if any(found):
            lines.append([data, best, *(mean_sd([row["usable_bits"] for row in runs], scale=1) for runs in found)])
    return table("Usable information in bits per test pair", ["data", "ceiling", *BACKBONES.values()], lines)


def truth(rows: Sequence[Row]) -> str:
    keys = ("expected_accuracy", "ece", "mean_absolute_error", "slope")
    lines = []
    for data in DATA:
        runs = [row for row in headline(rows, "tiny", data) if "against_truth" in row]
        if runs:
            figures = [[row["against_truth"][key] for row in runs] for key in keys]
            lines.append(
                [
                    data,
                    mean_sd([row["bayes_accuracy"] for row in runs]),
                    mean_sd(figures[0]),
                    *(mean_sd(values, scale=1) for values in figures[1:]),
                ]
            )
    header = ["data", "ceiling", "expected accuracy", "ECE", "mean absolute error", "slope"]
    return table("Against the true probabilities (tiny, from scratch)", header, lines)


def strict(out: Path) -> str:
    """ukpconvarg1: pairs that its authors kept as reliable, and the rest; and the vote by which they were decided."""
    lines = []
    for backbone in BACKBONES:
        for name, kept in SLICES.items():
            runs = [sliced(path.parent.parent, kept, out) for path in scored_files(out, backbone, "ukpconvarg1")]
            if runs:
                lines.append(
                    [
                        BACKBONES[backbone],
                        name,
                        "/".join(str(run["n"]) for run in runs),
                        mean_sd([run["longer"] for run in runs]),
                        mean_sd([run["accuracy"] for run in runs]),
                    ]
                )
    header = ["backbone", "pairs of ukpconvarg1", "test pairs", "longer", "accuracy"]
    return table("Held-out debates by the agreement of the judges", header, lines)


SLICES = {
    "all": lambda record: True,
    "strict": lambda record: record.meta["strict"],
    "not strict": lambda record: not record.meta["strict"],
    "lead of at most 1 vote in 5": lambda record: record.margin <= 0.2,
    "lead of 2 or 3 votes": lambda record: 0.2 < record.margin <= 0.6,
    "lead of 4 or 5 votes": lambda record: record.margin > 0.6,
}


def scored_files(out: Path, backbone: str, data: str) -> list[Path]:
    return sorted(out.glob(f"{backbone}/{data}/seed*/scored/test.jsonl"))


def records_of(run: Path, out: Path, data: str) -> list[Preference]:
    path = out / "data" / data / run.name.removeprefix("seed") / "test.jsonl"
    return [Preference.from_row(parse_row(path, number, line)) for number, line in read_lines(path)]


def sliced(run: Path, kept: Any, out: Path) -> dict[str, Any]:
    records = records_of(run, out, "ukpconvarg1")
    scored, _ = read_scored(run / "scored" / "test.jsonl")
    pairs = [(row.scores, record) for row, record in zip(scored, records, strict=True) if kept(record)]
    target = [record.target for _, record in pairs]
    characters = [[len(text) for text in record.responses] for _, record in pairs]
    return {
        "n": len(pairs),
        "accuracy": pairwise_accuracy([scores for scores, _ in pairs], target).accuracy,
        "longer": pairwise_accuracy(characters, target).accuracy,
    }


def by_bin(rows: Sequence[Row]) -> str:
    bins = [row for row in rows if row["slice"] and row["data"] == row["trained_on"] and row["split"] == "test"]
    names = dict.fromkeys((row["backbone"], row["data"], row["slice"]) for row in bins)
    lines = []
    for key in sorted(names):
        runs = [row for row in bins if (row["backbone"], row["data"], row["slice"]) == key]
        figures = [mean_sd([row["accuracy"] for row in runs]), mean_sd([row["usable_bits"] for row in runs], scale=1)]
        lines.append([BACKBONES[key[0]], *key[1:], "/".join(str(row["n"]) for row in runs), *figures])
    header = ["backbone", "data", "bin", "test pairs", "accuracy", "bits"]
    return table("By difficulty, as rmexp profile bins the pairs", header, lines) if lines else ""


def held_out_paradigms(out: Path) -> str:
    """BLiMP paradigms that were never trained on, over all seeds, from the worst to the best."""
    credit: dict[str, list[float]] = {}
    for path in scored_files(out, "tiny", "blimp_paradigms"):
        scored, _ = read_scored(path)
        for row, record in zip(scored, records_of(path.parent.parent, out, "blimp_paradigms"), strict=True):
            right = (row.scores[0] > row.scores[1]) + (row.scores[0] == row.scores[1]) / 2
            credit.setdefault(f"{record.meta['term']}: {record.meta['uid']}", []).append(right)
    lines = [
        [name, str(len(values)), f"{share(fmean(values))} {bounds(*wilson(sum(values), len(values)))}"]
        for name, values in sorted(credit.items(), key=lambda item: fmean(item[1]))
    ]
    header = ["paradigm, none of its pairs trained on", "test pairs", "accuracy"]
    return table("BLiMP paradigms held out (tiny, from scratch)", header, lines) if lines else ""


def tests(rows: Sequence[Row]) -> str:
    others = [row for row in rows if row["data"] != row["trained_on"] and row["slice"] is None]
    lines = []
    for key in dict.fromkeys((row["backbone"], row["trained_on"], row["data"]) for row in others):
        runs = [row for row in others if (row["backbone"], row["trained_on"], row["data"]) == key]
        accuracy = f"{mean_sd([row['accuracy'] for row in runs])} {pooled(runs)}"
        lines.append([BACKBONES[key[0]], *key[1:], share(runs[0]["longer_accuracy"]), accuracy])
    header = ["backbone", "trained on", "tested on", "longer", "accuracy"]
    return table("Tests without training", header, lines) if lines else ""


def curve_table(curves: Sequence[Row]) -> str:
    keys = dict.fromkeys((row["backbone"], row["data"]) for row in curves)
    lines = []
    for key in keys:
        sizes = sorted({row["train_pairs"] for row in curves if (row["backbone"], row["data"]) == key})
        for size in sizes:
            runs = [row for row in curves if (row["backbone"], row["data"], row["train_pairs"]) == (*key, size)]
            figures = [
                mean_sd([row["accuracy"] for row in runs]),
                mean_sd([row["usable_bits"] for row in runs], scale=1),
            ]
            lines.append([BACKBONES[key[0]], key[1], str(size), *figures])
    header = ["backbone", "data", "training pairs", "accuracy", "bits"]
    return table("Learning curves (test split)", header, lines) if lines else ""


def transfer(entries: Sequence[Row]) -> str:
    names = list(dict.fromkeys(entry["test"] for entry in entries))
    lines = []
    for train in dict.fromkeys(entry["train"] for entry in entries):
        found = {entry["test"]: entry for entry in entries if entry["train"] == train}
        lines.append([train, *(spread(found[name]) if name in found else "-" for name in names)])
    return table("Trained on (rows), tested on (columns)", ["", *names], lines) if lines else ""


def spread(entry: Row) -> str:
    return f"{share(entry['accuracy'])} ± {100 * (entry['sd'] or 0):.1f}"


def cost(rows: Sequence[Row]) -> str:
    lines = []
    for key in dict.fromkeys((row["backbone"], row["trained_on"]) for row in rows):
        runs = [row for row in rows if (row["backbone"], row["trained_on"]) == key]
        figures = [f"{runs[0]['parameters'] / 1e6:.2f}", f"{fmean(row['train_cpu_seconds'] for row in runs):.0f}"]
        lines.append([BACKBONES[key[0]], key[1], *figures, f"{max(row['peak_memory_mb'] for row in runs):.0f}"])
    header = ["backbone", "trained on", "million parameters", "CPU seconds of training", "peak MB"]
    return table("Cost, one thread", header, lines)


def picture(rows: Sequence[Row], profiles: Mapping[str, Any], curves: Sequence[Row]) -> Figure:
    """Accuracy of every backbone on every data set beside its baselines and ceiling; learning curves in bits."""
    rcParams.update({"svg.hashsalt": "rmexp", "svg.fonttype": "none", "font.size": 8.5})
    figure = Figure(figsize=(9.2, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    names = [data for data in DATA if any(headline(rows, backbone, data) for backbone in BACKBONES)]
    marks = {"tiny": ("o", "#0072b2"), "pretrained": ("s", "#007f5f"), "minilm": ("^", "#d55e00")}
    for place, data in enumerate(reversed(names)):
        runs = {backbone: headline(rows, backbone, data) for backbone in BACKBONES}
        some = max(runs.values(), key=len)
        left.plot([fmean(row["longer_accuracy"] for row in some)], [place], "|", color="black", markersize=11)
        if "bayes_accuracy" in some[0]:
            left.plot([fmean(row["bayes_accuracy"] for row in some)], [place], "D", color="black", fillstyle="none")
        words = profiles.get(data, {}).get("baselines", {}).get("bag_of_words_length", {}).get("accuracy")
        if words is not None:
            left.plot([words], [place], "x", color="#767676")
        for backbone, found in runs.items():
            mark, colour = marks[backbone]
            left.plot([row["accuracy"] for row in found], [place] * len(found), mark, color=colour, markersize=4.5)
    left.set(yticks=range(len(names)), yticklabels=names[::-1], xlabel="accuracy on test pairs, a mark a seed")
    left.axvline(0.5, color="#999999", linewidth=0.8, linestyle=":")
    handles = [(BACKBONES[name], *mark) for name, mark in marks.items()]
    handles += [("longer wins", "|", "black"), ("bag of words", "x", "#767676"), ("ceiling", "D", "black")]
    for label, mark, colour in handles:
        left.plot([], [], mark, color=colour, label=label, fillstyle="none" if mark == "D" else "full")
    left.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.12, 1.0), fontsize=7.5)
    for backbone, data in dict.fromkeys((row["backbone"], row["data"]) for row in curves):
        mark, colour = marks[backbone]
        own = [row for row in curves if (row["backbone"], row["data"]) == (backbone, data)]
        sizes = sorted({row["train_pairs"] for row in own})
        means = [fmean(row["usable_bits"] for row in own if row["train_pairs"] == size) for size in sizes]
        right.plot(sizes, means, f"{mark}-", color=colour, markersize=4)
        right.annotate(f" {data}", (sizes[-1], means[-1]), fontsize=7.5, va="center")
    right.axhline(0, color="#999999", linewidth=0.8, linestyle=":")
    right.set(xscale="log", xlabel="training pairs", ylabel="usable bits per test pair")
    ticks = [tick for tick in (250, 1000, 4000, 16000) if any(row["train_pairs"] >= tick for row in curves)]
    right.set_xticks(ticks, [str(tick) for tick in ticks])
    right.minorticks_off()
    right.margins(x=0.3)
    return figure


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join([f"**{title}**", *(["", note] if note else []), "", *(f"| {' | '.join(x)} |" for x in lines), ""])


def mean_sd(values: Sequence[float | None], scale: int = 100) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    digits = 1 if scale == 100 else 3
    deviation = f" ± {scale * stdev(known):.{digits}f}" if len(known) > 1 else ""
    return f"{scale * fmean(known):.{digits}f}{deviation}"


def pooled(runs: Sequence[Row]) -> str:
    if not runs:
        return ""
    counted = [(row["accuracy"], row["n"] - row["label_ties"]) for row in runs]
    pairs = sum(n for _, n in counted)
    return bounds(*wilson(sum(accuracy * n for accuracy, n in counted), pairs))


def share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def bounds(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{100 * low:.1f}, {100 * high:.1f}]"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
