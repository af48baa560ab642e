"""Writes tables.md, figures.json and a picture for each label noise; usage: tables.py OUT RESULTS.

Gold is told from the mean of the SFT policy in standard deviations of its gold, and so is a proxy in its own units.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from rmexp.durable import write_json, write_text
from rmexp.tracking.metrics_csv import read_metrics

WINDOW = 5  # iterations that one point of a curve is the mean of
FALL = 0.5  # deviations that the truth must lose from its peak, which may be the start, to count as a fall
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
TITLES = {
    **{
        f"{key} kl {kl}": f"{name}, {'no cost of KL' if kl == '0.0' else f'KL coefficient {kl}'}"
        for key, name in (("gae", "PPO"), ("rloo", "RLOO"))
        for kl in ("0.0", "0.05", "0.1")
    },
    **{
        f"ensemble {key}": f"PPO, no cost of KL, {name} of five"
        for key, name in (("mean", "mean"), ("min", "least"), ("mean_minus_sd", "mean less SD"))
    },
    "bon": "best of n, to 1,024",
}
Array = NDArray[np.float64]


class Curve(NamedTuple):
    """One run of optimisation.

    Attributes:
        method: `gae kl 0.0`, `rloo kl 0.05`, `bon`, `ensemble min`.
        proxy: `<pairs>-<label noise>`.
        seed: of the proxy.
        kl: (T,) divergence from the SFT policy in nats.
        score: (T,) proxy.
        gold: (T,) truth.
    """

    method: str
    proxy: str
    seed: str
    kl: Array
    score: Array
    gold: Array


def main(out: Path, results: Path) -> None:
    curves = sorted([*rl_curves(out), *best_of_n_curves(out)], key=place)
    if not curves:
        sys.exit(f"{out} has no finished runs; run experiments/overoptimisation/run.sh first")
    rows = [summary(curve) for curve in curves]
    dpo = list(dpo_points(out))
    write_json(results / "figures.json", {"runs": rows, "dpo": dpo})
    tables = [*totals(rows), *dpo_table(dpo), *run_table(rows)]
    write_text(results / "tables.md", "\n".join(["# Tables", "", "Written by tables.py.", "", *tables]))
    for noise in sorted({by_size(curve.proxy)[1] for curve in curves}):
        shown = [curve for curve in curves if by_size(curve.proxy)[1] == noise]
        name = f"label_noise_{noise:g}.svg" if noise else "overoptimisation.svg"
        picture(shown, [] if noise else dpo, results / name)


def place(curve: Curve) -> tuple[Any, ...]:
    """Where a curve comes in tables and pictures: by method, as `TITLES` has them, then by proxy."""
    return list(TITLES).index(curve.method), by_size(curve.proxy)[::-1], curve.seed


def rl_curves(out: Path) -> Iterator[Curve]:
    """Means over a few iterations of what the policies of each run gave."""
    for path in sorted([*out.glob("rl/*/*/*/*/metrics.csv"), *out.glob("ensemble/*/*/metrics.csv")]):
        rows = read_metrics(path)
        if len(rows) < 2 * WINDOW:
            continue
        parts = path.parent.relative_to(out).parts
        method = f"{parts[1]} {parts[2][:2]} {parts[2][2:]}" if parts[0] == "rl" else f"ensemble {parts[1]}"
        proxy, seed = (parts[3], parts[4]) if parts[0] == "rl" else (f"{parts[2]}-0.0", "all")
        sd = deviations(path.parent)
        if sd is None:
            sys.stderr.write(f"{path.parent} is left out: no run against its proxy has finished\n")
            continue
        kl, score, gold = (smooth([float(row[f"rollout/{name}"]) for row in rows]) for name in ("kl", "reward", "gold"))
        start = [float(rows[0][f"rollout/{name}"]) for name in ("reward", "gold")]
        gains = ((score - start[0]) / sd[0], (gold - start[1]) / sd[1])
        yield Curve(method, proxy, seed, *(np.append(0.0, values) for values in (np.maximum(kl, 0), *gains)))


def deviations(run: Path) -> tuple[float, float] | None:
    """Of reward and gold under the SFT policy; of a run that collapsed those of its neighbours with the same proxy."""
    for folder in (run, *sorted(run.parents[2].glob(f"*/{run.parent.name}/{run.name}"))):
        if (folder / "summary.json").is_file():
            found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
            return found["reward"]["sd_before"], found["gold"]["sd_before"]
    return None


def smooth(values: Sequence[float]) -> Array:
    """(T - WINDOW + 1,) running means."""
    return np.convolve(np.array(values), np.ones(WINDOW) / WINDOW, mode="valid")


def best_of_n_curves(out: Path) -> Iterator[Curve]:
    """The curve of each proxy over the one pool."""
    for path in sorted(out.glob("bon/*/*/curve.json")):
        points = json.loads(path.read_text(encoding="utf-8"))["points"]
        sd = float(np.std(values(path.parent / "candidates.jsonl", "gold"), ddof=1))
        proxy_sd = float(np.std(values(path.parent / "scored" / "candidates.jsonl", "scores"), ddof=1))
        kl, proxy, gain = (np.array([point[name] for point in points]) for name in ("kl", "proxy_gain", "gain"))
        yield Curve("bon", path.parent.parent.name, path.parent.name, kl, proxy / proxy_sd, gain / sd)


def dpo_points(out: Path) -> Iterator[dict[str, Any]]:
    """Each DPO policy: the gain of its samples' gold, and its mean log-ratio to the SFT policy on them."""
    start = next(out.glob("bon/*/*/candidates.jsonl"), None)
    for path in sorted(out.glob("dpo/*/*/samples/curve.json")):
        size, beta = path.parts[-4], path.parts[-3]
        scored = next((path.parents[1] / "divergence" / "scored").glob("*.jsonl"), None)
        if scored is None or start is None:
            sys.stderr.write(f"{path.parents[1]} is left out: best-of-n or the divergence has not been run\n")
            continue
        ratios, pool = values(scored, "scores"), values(start, "gold")
        gold = json.loads(path.read_text(encoding="utf-8"))["points"][0]["gold"]
        gain = (gold - np.mean(pool)) / np.std(pool, ddof=1)
        yield {"pairs": int(size), "beta": float(beta), "kl": float(np.mean(ratios)), "gain": float(gain)}


def values(path: Path, key: str) -> list[float]:
    """All numbers under a key of JSON lines."""
    return [value for line in path.read_text(encoding="utf-8").splitlines() for value in json.loads(line)[key]]


def fit(kl: Array, gain: Array, *, logarithm: bool) -> tuple[float, float, float]:
    """Least squares of d (a - b d), or d (a - b log d), where d is the root of the KL; a, b and the root mean square.

    Source: Gao, Schulman and Hilton 2022, "Scaling laws for reward model overoptimization", section 3.
    """
    d = np.sqrt(kl)
    inside = d > 0.1  # the logarithm of almost nothing would rule the fit
    d, gain = d[inside], gain[inside]
    design = np.stack([d, -d * np.log(d) if logarithm else -d * d], axis=1)
    (a, b), *_ = np.linalg.lstsq(design, gain, rcond=None)
    return float(a), float(b), float(np.sqrt(np.mean((design @ [a, b] - gain) ** 2)))


def summary(curve: Curve) -> dict[str, Any]:
    """Peak and end of the truth, end of the proxy, and the two fits."""
    top = int(curve.gold.argmax())
    peak, end = float(curve.gold[top]), float(curve.gold[-1])
    row: dict[str, Any] = {name: getattr(curve, name) for name in ("method", "proxy", "seed")}
    row |= {"peak": peak, "peak_kl": float(curve.kl[top]), "end": end, "end_kl": float(curve.kl[-1])}
    row |= {"score_at_peak": float(curve.score[top]), "score_end": float(curve.score[-1])}
    row["falls"] = bool(end < peak - FALL)
    row["score_rises"] = bool(curve.score[-1] >= curve.score[top])
    for name, logarithm in (("square", False), ("log", True)):
        row[name] = dict(zip(("a", "b", "residual"), fit(curve.kl, curve.gold, logarithm=logarithm), strict=True))
    return row


def run_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    fits = [f"{form}: {name}" for form in ("d(a - b d)", "d(a - b log d)") for name in ("a", "b", "rms")]
    ends = ("gold: peak", "at KL", "end", "at KL", "proxy: at peak", "end")
    lines = [f"| {' | '.join(['method', 'proxy', 'seed', *ends, *fits])} |", "| --- " * 3 + "| --: " * 12 + "|"]
    for row in rows:
        cells = [row[name] for name in ("peak", "peak_kl", "end", "end_kl", "score_at_peak", "score_end")]
        cells += [row[name][key] for name in ("square", "log") for key in ("a", "b", "residual")]
        names = [row[name] for name in ("method", "proxy", "seed")]
        lines.append(f"| {' | '.join([*names, *(f'{cell:.2f}' for cell in cells)])} |")
    return [*lines, ""]


def totals(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of each method and size, runs that lose half a deviation from their peak, and those whose proxy still rises."""
    heads = ["method", "proxy", "runs", "gold falls by half a deviation", "of these the proxy ends higher"]
    heads += ["mean peak", "mean end ± sd", "mean KL at the end"]
    lines = [f"| {' | '.join(heads)} |", "| --- " * 2 + "| --: " * 6 + "|"]
    proxies = sorted({row["proxy"] for row in rows}, key=lambda proxy: by_size(proxy)[::-1])
    for method in dict.fromkeys(row["method"] for row in rows):
        for proxy in proxies:
            own = [row for row in rows if (row["method"], row["proxy"]) == (method, proxy)]
            lines += [f"| {method} | {proxy} | {' | '.join(total(own))} |"] if own else []
        for noise in dict.fromkeys(by_size(proxy)[1] for proxy in proxies):
            own = [row for row in rows if row["method"] == method and by_size(row["proxy"])[1] == noise]
            lines += [f"| {method} | all of label noise {noise:g} | {' | '.join(total(own))} |"] if own else []
    return [*lines, ""]


def total(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The cells of one row of totals."""
    fallen = [row for row in rows if row["falls"]]
    peaks, ends, kls = ([row[name] for row in rows] for name in ("peak", "end", "end_kl"))
    spread = f" ± {np.std(ends, ddof=1):.2f}" if len(rows) > 1 else ""
    counts = [str(len(rows)), str(len(fallen)), str(sum(row["score_rises"] for row in fallen))]
    return [*counts, f"{np.mean(peaks):.2f}", f"{np.mean(ends):.2f}{spread}", f"{np.mean(kls):.1f}"]


def dpo_table(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Gain and divergence of each DPO policy."""
    if not points:
        return []
    lines = ["| DPO: pairs | beta | gold gain | KL |", "| --: | --: | --: | --: |"]
    return [
        *lines,
        *(f"| {row['pairs']} | {row['beta']} | {row['gain']:.2f} | {row['kl']:.2f} |" for row in points),
        "",
    ]


def by_size(proxy: str) -> list[float]:
    """`<pairs>-<label noise>` as numbers."""
    return [float(part) for part in proxy.split("-")]


def picture(shown: Sequence[Curve], dpo: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Truth and proxy of each run by the root of the KL, one panel a method; DPO beside best-of-n."""
    methods = list(dict.fromkeys(curve.method for curve in shown))
    colours = dict(zip(sorted({curve.proxy for curve in shown}, key=by_size), COLOURS, strict=False))
    columns = min(len(methods), 3)
    rows = -(-len(methods) // columns)
    with rc_context({"svg.hashsalt": "rmexp", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(3.6 * columns, 0.6 + 2.9 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for axes, method in zip(panels.flat, methods, strict=False):
            axes.axhline(0, color="#999999", linewidth=0.8)
            axes.set(title=TITLES.get(method, method), ylim=(-4, 6))
            for curve in (curve for curve in shown if curve.method == method):
                root, colour = np.sqrt(curve.kl), colours[curve.proxy]
                axes.plot(root, curve.score, color=colour, linewidth=0.8, linestyle=":", alpha=0.7)
                axes.plot(root, curve.gold, color=colour, linewidth=1.4)
            if method == "bon":
                for point in dpo:
                    where = (np.sqrt(max(point["kl"], 0.0)), point["gain"])
                    axes.plot(*where, "x", color=colours[f"{point['pairs']}-0.0"])
            if axes is panels.flat[0]:
                lines = [Line2D([], [], color=colour) for colour in colours.values()]
                names = [f"{by_size(proxy)[0]:,.0f} pairs" for proxy in colours]
                axes.legend(lines, names, fontsize=7, loc="lower left")
        for axes in list(panels.flat)[len(methods) :]:
            axes.set_visible(False)
        figure.supxlabel("root of the KL divergence from the SFT policy")
        figure.supylabel("gain in SDs: gold (solid), proxy (dotted)")
        figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
