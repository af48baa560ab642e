"""What grows with the data: seconds and memory of each verb on 1,000 to 1,000,000 made pairs.

Usage: `python -m benchmarks.growth [--pairs 1000,10000,100000] [--verbs profile,train,...] [--first-step]
[--out FILE.json]`. The picture goes beside the JSON, where other verbs and sizes of earlier runs stay. Every command is
a process of its own. `train` is ten steps of a reward model, to its end, or to its first step with `--first-step`,
which leaves no model to other verbs. `again` is the same with another seed, where the encoded data are in the cache.
Memory is that of the largest process, and of all together, in which what they share counts once; that is looked at
every two seconds, as a look takes time from who is looked at.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

from benchmarks.made_pairs import write_pairs

RESULTS = Path(__file__).parent / "results"
LINE = (
    "{pairs:9,} {verb:14} {seconds:8.1f} s {cpu_seconds:8.1f} of processor "
    "{peak_mb:7.0f} MB, {together_mb:7.0f} of all processes"
)
LOOK = 2.0  # seconds
VERBS = ("profile", "train", "again", "score", "evaluate", "filter")


def command(verb: str, folder: Path) -> list[str]:
    """What is run for a verb, behind `rmexp`."""
    data, train = ["data=jsonl", f"data.path={folder}/pairs.jsonl"], folder / "train"
    arguments = {
        "train": [
            "train",
            "task=reward",
            *data,
            "model=tiny",
            "trainer.max_steps=10",
            f"data.cache_dir={folder}/cache",
        ],
        "score": ["score", "scorer=explicit", f"scorer.path={train}/model", *data, f"data.cache_dir={folder}/cache"],
        "evaluate": ["evaluate", "scorer=scored_file", f"scorer.path={folder}/score/scored", *data],
        "filter": ["filter", f"scored={folder}/score/scored/all.jsonl", *data],
        "profile": ["profile", *data],
    }
    named = [*arguments["train"], "seed=1"] if verb == "again" else arguments[verb]
    return [*named, f"run_dir={folder}/{verb}", *([] if verb == "profile" else ["logger=csv"])]


def measured(verb: str, folder: Path, pairs: int, *, stops: bool) -> list[dict[str, Any]]:
    """What a verb took in a process of its own; of a training its first step, too, where it may be stopped."""
    began = looked = time.perf_counter()
    errors, together = folder / f"{verb}.log", 0.0
    with errors.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-m", "rmexp", *command(verb, folder)], stdout=file, stderr=file)
    metrics, rows = folder / verb / "metrics.csv", list[dict[str, Any]]()
    while True:
        done, status, used = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        if time.perf_counter() - looked > LOOK:
            together, looked = max(together, memory_of_all(process.pid)), time.perf_counter()
        if not rows and metrics.is_file() and metrics.read_text(encoding="utf-8").count("\n") > 1:
            state = Path(f"/proc/{process.pid}")
            ticks = sum(map(int, (state / "stat").read_text().rpartition(")")[2].split()[11:15]))
            peak = int((state / "status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
            cpu = ticks / os.sysconf("SC_CLK_TCK")
            rows.append(row(f"{verb}: step 1", pairs, time.perf_counter() - began, cpu, (peak, together)))
            if stops:
                process.kill()
                process.wait()
                return rows
        time.sleep(0.05)
    if status:
        raise SystemExit(f"{verb} failed:\n{errors.read_text()[-2000:]}")
    cpu, seconds = used.ru_utime + used.ru_stime, time.perf_counter() - began
    return [*rows, row(verb, pairs, seconds, cpu, (used.ru_maxrss / 1024, together))]


def memory_of_all(process: int) -> float:
    """Megabytes of a process and of those that it has forked off; what several share counts once."""
    total = 0.0
    try:
        for each in (process, *map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())):
            total += int(Path(f"/proc/{each}/smaps_rollup").read_text().partition("Pss:")[2].split()[0]) / 1024
    except (OSError, IndexError):  # one has ended meanwhile
        return 0.0
    return total


def row(verb: str, pairs: int, seconds: float, cpu_seconds: float, memory: tuple[float, float]) -> dict[str, Any]:
    """A line of the table: seconds of clock and of processor, children included, and most memory of one and of all."""
    figures = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": memory[0], "together_mb": memory[1]}
    return {"verb": verb, "pairs": pairs, **{name: round(figure, 2) for name, figure in figures.items()}}


def slopes(rows: list[dict[str, Any]], key: str) -> dict[str, float]:
    """Of the logarithm of a figure over that of the pairs, between the two largest sizes of each verb."""
    found = {}
    for verb in dict.fromkeys(row["verb"] for row in rows):
        last = sorted((row for row in rows if row["verb"] == verb), key=lambda row: row["pairs"])[-2:]
        if len(last) == 2:
            (few, less), (many, more) = ((row["pairs"], row[key]) for row in last)
            found[verb] = round(math.log(more / less) / math.log(many / few), 3)
    return found


def picture(rows: list[dict[str, Any]]) -> Figure:
    """Processor seconds on the left, memory on the right, both axes logarithmic."""
    rcParams.update({"svg.hashsalt": "rmexp", "svg.fonttype": "none", "font.size": 8.5})
    figure = Figure(figsize=(9.2, 4.9), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, (key, label) in zip(axes, (("cpu_seconds", "processor seconds"), ("peak_mb", "MB at most")), strict=True):
        steep = slopes(rows, key)
        for verb in dict.fromkeys(row["verb"] for row in rows):
            points = sorted((row["pairs"], row[key]) for row in rows if row["verb"] == verb)
            slope = f", slope {steep[verb]:.2f}" if verb in steep else ""
            axis.plot(*zip(*points, strict=True), "o-", markersize=4, label=f"{verb}{slope}")
        axis.set(xlabel="pairs", ylabel=label, xscale="log", yscale="log")
        axis.grid(color="#dddddd", linewidth=0.6)
        axis.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    return figure


def main() -> None:
    """Measure, print a table, write JSON and picture where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", default="1000,10000,100000")
    parser.add_argument("--verbs", default=",".join(VERBS))
    parser.add_argument("--first-step", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = earlier(options.out) if options.out else []
    for pairs in map(int, options.pairs.split(",")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_pairs(folder / "pairs.jsonl", pairs)
            size = (folder / "pairs.jsonl").stat().st_size / 1e6
            for verb in options.verbs.split(","):
                found = measured(verb, folder, pairs, stops=options.first_step)
                measured_now = {(each["verb"], each["pairs"]) for each in found}
                rows = [each for each in rows if (each["verb"], each["pairs"]) not in measured_now] + found
                for each in found:
                    print(LINE.format(**each), flush=True)
            cache = sum(path.stat().st_size for path in folder.glob("cache/*")) / 1e6
            print(f"{pairs:9,} pairs: {size:.1f} MB of text, {cache:.1f} MB of cache", flush=True)
        if options.out is not None:
            write(options.out, rows)


def earlier(out: Path) -> list[dict[str, Any]]:
    """Rows of the runs before."""
    rows: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))["rows"] if out.is_file() else []
    return rows


def write(out: Path, rows: list[dict[str, Any]]) -> None:
    """Leave the table and the picture, after each size."""
    order = {verb: place for place, verb in enumerate(VERBS)}
    rows = sorted(rows, key=lambda row: (row["pairs"], order[row["verb"].partition(":")[0]], ":" not in row["verb"]))
    result = {"slopes": {key: slopes(rows, key) for key in ("cpu_seconds", "peak_mb")}, "rows": rows}
    out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    picture(rows).savefig(out.with_suffix(".svg"), metadata={"Date": None, "Creator": None}, facecolor="white")


if __name__ == "__main__":
    main()
