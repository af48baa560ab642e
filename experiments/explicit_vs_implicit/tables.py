"""Writes results/tables.md and results/figures.json from the summaries and scored files of the runs of run.sh."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from rmexp.scoring.scored_file import read_scored

RESULTS = Path(__file__).parent / "results"
DATA = ("json_vs_text", "synthetic", "ukpconvarg1", "ukpconvarg1_mean")
Row = Mapping[str, Any]


def main(folder: Path) -> None:
    runs = {
        name: [json.loads(path.read_text()) for path in sorted(folder.glob(f"{name}/seed*/summary.json"))]
        for name in DATA
    }
    runs = {name: found for name, found in runs.items() if found}
    if not runs:
        sys.exit(f"{folder} has no */seed*/summary.json; run experiments/explicit_vs_implicit/run.sh first")
    for summary in (summary for found in runs.values() for summary in found):
        for one in summary["sets"]:
            split = summary["splits"].get(one["name"]) if one["kind"] == "held_out" else None
            one["longer"] = split and split["baselines"]["longer"]["accuracy"]
    RESULTS.mkdir(exist_ok=True)
    gold = list(judged_by_gold(folder))
    tables = [held_up(runs), calibrated(runs), slices(runs), flipped(runs), grown(runs), golden(gold), cost(runs)]
    (RESULTS / "tables.md").write_text("\n".join(tables))
    figures = {name: [kept(summary) for summary in found] for name, found in runs.items()}
    (RESULTS / "figures.json").write_text(json.dumps(rounded({**figures, "gold": gold}), indent=1) + "\n")


def kept(summary: Row) -> dict[str, Any]:
    """What the tables are made of."""
    keys = ("data", "seed", "beta", "train_pairs", "scale", "progress", "disagreements", "seconds")
    sets = [{**one, "slices": [short(part) for part in one["slices"]]} for one in summary["sets"]]
    return {**{key: summary[key] for key in keys}, "sets": sets}


def short(part: Row) -> dict[str, Any]:
    """A slice in one line."""
    shares = {reward: part[reward]["accuracy"] for reward in REWARDS}
    return {key: part["agreement"][key] for key in ("pairs", "same_order")} | {"slice": part["slice"], **shares}


def rounded(value: Any) -> Any:
    """Plain data with six significant digits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def sets_of(runs: Mapping[str, Sequence[Row]]) -> Iterable[tuple[str, str, list[Row]]]:
    """Each set of each data with its figures of all seeds."""
    for name, found in runs.items():
        for place in found[0]["sets"]:
            yield (
                name,
                label(place),
                [one for summary in found for one in summary["sets"] if one["name"] == place["name"]],
            )


def label(one: Row) -> str:
    return {"held_out": one["name"], "tokens": f"{one['split']}, {one['name']}"}.get(
        one["kind"], f"other: {one['name']}"
    )


def held_up(runs: Mapping[str, Sequence[Row]]) -> str:
    rows = []
    for name, where, ones in sets_of(runs):
        differences = [one["paired"]["difference"] for one in ones]
        sure = sum((one["paired"]["bootstrap_p"] or 1) < 0.05 for one in ones)
        before = [fmean(one["before"][reward] for one in ones) for reward in REWARDS] if ones[0]["before"] else None
        rows.append(
            [
                *(name, where, "/".join(str(one["pairs"]) for one in ones)),
                *(seeds(share, (one[reward]["accuracy"] for one in ones)) for reward in REWARDS),
                seeds(share, (one["longer"] for one in ones)) if ones[0]["longer"] is not None else "",
                f"{100 * fmean(differences):+.1f} ({sure} of {len(ones)})",
                "" if before is None else f"{share(before[0])}, {share(before[1])}",
                *(seeds(form, (one["agreement"][key] for one in ones)) for key, form in AGREED),
            ]
        )
    header = [
        "data",
        "pairs of",
        "n",
        "explicit",
        "implicit",
        "longer wins",
        "explicit - implicit (p < 0.05)",
        "before",
    ]
    return table("Accuracy in per cent by seed, and agreement", [*header, "same order", "Spearman of margins"], rows)


def calibrated(runs: Mapping[str, Sequence[Row]]) -> str:
    rows = []
    for name, where, ones in sets_of(runs):
        for reward in REWARDS:
            columns = ("nll", "temperature", "nll_at_temperature", "ece", "ece_if_calibrated")
            fitted = seeds(digits, (one[f"{reward}_nll_at_first"] for one in ones))
            rows.append(
                [name, where, reward, *(seeds(digits, (one[reward][c] for one in ones)) for c in columns), fitted]
            )
    header = ["data", "pairs of", "reward", "log-loss", "T", "log-loss at T", "ECE", "ECE by chance"]
    return table("Calibration by seed", [*header, "log-loss at the T of val"], rows)


def slices(runs: Mapping[str, Sequence[Row]]) -> str:
    rows = []
    for name, where, ones in sets_of(runs):
        names = dict.fromkeys(part["slice"] for one in ones for part in one["slices"])
        for slice_name in names:
            parts = [part for one in ones for part in one["slices"] if part["slice"] == slice_name]
            if not slice_name.startswith("meta.") and len(parts) == len(ones) and ones[0]["kind"] != "tokens":
                accuracies = [seeds(share, (part[reward]["accuracy"] for part in parts)) for reward in REWARDS]
                same = seeds(share, (part["agreement"]["same_order"] for part in parts))
                pairs = "/".join(str(part["agreement"]["pairs"]) for part in parts)
                rows.append([name, where, slice_name, pairs, *accuracies, same])
    return table("Slices by seed", ["data", "pairs of", "slice", "n", "explicit", "implicit", "same order"], rows)


def flipped(runs: Mapping[str, Sequence[Row]]) -> str:
    rows = []
    for name, where, ones in sets_of(runs):
        if ones[0]["kind"] != "held_out":
            continue
        for kind in dict.fromkeys(row["kind"] for one in ones for row in one["flips"]):
            found = [row for one in ones for row in one["flips"] if row["kind"] == kind]
            pairs, turned = (sum(row[key]["n"] for row in found) for key in ("flipped", "sum_right"))
            right = sum(row["sum_right"]["n"] * (row["sum_right"]["value"] or 0) for row in found)
            rows.append(
                [name, where, kind, str(pairs), share(turned / pairs), share(right / turned if turned else None)]
            )
    header = ["data", "pairs of", "kind", "n, all seeds", "order flips", "of the flipped: sum right"]
    return table("Mean over prompt and response tokens against sum over response tokens", header, rows)


def grown(runs: Mapping[str, Sequence[Row]]) -> str:
    rows = []
    for name, found in runs.items():
        for points in zip(*(summary["progress"] for summary in found), strict=False):
            keys = ("explicit_accuracy", "implicit_accuracy", "same_order", "explicit_settled", "implicit_settled")
            shares = [seeds(share, (point[key] for point in points)) for key in keys]
            rows.append(
                [name, share(points[0]["progress"]), *shares, seeds(two, (p["spearman_margin"] for p in points))]
            )
    header = ["data", "% of training", "explicit", "implicit", "same order", "explicit settled", "implicit settled"]
    return table("Validation pairs while both are trained, by seed", [*header, "Spearman of margins"], rows)


def judged_by_gold(folder: Path) -> Iterable[dict[str, Any]]:
    """Both rewards against the known one, on the test split of synthetic."""
    for path in sorted(folder.glob("gold/seed*/scored/test.jsonl")):
        seed = path.parent.parent.name
        place = folder / "synthetic" / seed / "scored"
        if not (place / "test.explicit.jsonl").is_file():
            continue
        gold = array(path)
        rewards = {reward: array(place / f"test.{reward}.jsonl") for reward in REWARDS}
        orders = {reward: np.sign(values[:, 0] - values[:, 1]) for reward, values in rewards.items()}
        truth = np.sign(gold[:, 0] - gold[:, 1])
        apart = (orders["explicit"] != orders["implicit"]) & (truth != 0)
        yield {
            "seed": seed,
            "pairs": int((truth != 0).sum()),
            **{f"{reward}_as_gold": float((orders[reward] == truth)[truth != 0].mean()) for reward in REWARDS},
            **{f"{reward}_spearman": spearman(values, gold) for reward, values in rewards.items()},
            "apart": int(apart.sum()),
            "gold_with_explicit": float((orders["explicit"] == truth)[apart].mean()) if apart.any() else None,
        }


def spearman(rewards: NDArray[np.float64], gold: NDArray[np.float64]) -> float:
    return float(spearmanr(rewards.ravel(), gold.ravel()).statistic)


def array(path: Path) -> NDArray[np.float64]:
    return np.array([row.scores for row in read_scored(path)[0]])


def golden(rows: Sequence[Row]) -> str:
    body = [
        [
            *(row["seed"], str(row["pairs"])),
            *(share(row[f"{reward}_as_gold"]) for reward in REWARDS),
            *(two(row[f"{reward}_spearman"]) for reward in REWARDS),
            *(str(row["apart"]), share(row["gold_with_explicit"])),
        ]
        for row in rows
    ]
    header = ["seed", "pairs", "explicit as gold", "implicit as gold", "explicit, Spearman with gold", "implicit"]
    return table("The gold reward as judge, synthetic test", [*header, "apart", "gold with explicit"], body)


def cost(runs: Mapping[str, Sequence[Row]]) -> str:
    rows = [
        [name, str(summary["seed"]), str(summary["train_pairs"]), f"{summary['seconds']['all']:.0f}"]
        for name, found in runs.items()
        for summary in found
    ]
    return table("Cost", ["data", "seed", "training pairs", "wall seconds"], rows)


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join([f"**{title}**", "", *(f"| {' | '.join(line)} |" for line in lines), ""])


def seeds(form: Callable[[float | None], str], values: Iterable[float | None]) -> str:
    return ", ".join(form(value) for value in values)


def share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


REWARDS = ("explicit", "implicit")
AGREED = (("same_order", share), ("spearman_margin", two))

if __name__ == "__main__":
    main(Path(sys.argv[1]))
