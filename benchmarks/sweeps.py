"""What sweeps, resume, checkpoints and reports cost beside training itself.

    .venv/bin/python benchmarks/sweeps.py [PART...]

Parts: overhead (12 cells against the sum of their training times), skip (1,000 finished cells), report (200 runs),
workers (two of them against one process, one thread each), checkpoints (share of training time), resume (to the first
step).
Every command is run in a process of its own, in a folder that is thrown away.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

PROGRAM = [sys.executable, "-m", "rmexp"]
REWARD = ["task=reward", "model=tiny", "logger=csv", "trainer.threads=1"]
TINY = [*REWARD, "data=json_vs_text"]
QUICK = [*TINY, "data.pairs=40", "data.unseen_pairs=20", "trainer=smoke"]


def main() -> None:
    """Measure the parts named on the command line, all by default."""
    parts = {part.__name__: part for part in (overhead, skip, report, workers, checkpoints, resume)}
    os.environ |= {"WANDB_MODE": "disabled", "HF_HUB_OFFLINE": "1"}
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            print(f"{name}: {parts[name]()}", flush=True)
            os.chdir("/")


def run(*arguments: str) -> float:
    """Run a command in a process of its own; seconds that it took."""
    began = time.perf_counter()
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - began


def summaries(folder: str = "sweep") -> list[dict[str, float]]:
    """The figures of all cells."""
    return [json.loads(path.read_text()) for path in Path(folder).glob("*/summary.json")]


def overhead() -> str:
    """Twelve cells against the sum of their training times: of two data sets, and of the one with short runs alone."""
    axes = {
        "two data sets": ["data=json_vs_text,synthetic", "seed=range(0,3)"],
        "short runs": ["data=json_vs_text", "seed=range(0,6)"],
    }
    return "; ".join(f"{name}: {beside(own)}" for name, own in axes.items()) + " (goal: 1.15)"


def beside(axes: list[str]) -> str:
    """What a sweep over two learning rates and other axes takes beside what its cells say."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = run("train", "-m", *REWARD, *axes, "optimizer.lr=3e-4,1e-3", f"sweep_dir={folder}/sweep")
        cells = summaries(f"{folder}/sweep")
    training, scoring = (sum(cell[name] for cell in cells) for name in ("train_seconds", "seconds"))
    return (
        f"{seconds:.1f} s for {len(cells)} cells, {seconds / training:.2f} times their training, "
        f"{seconds / scoring:.2f} times training and scoring"
    )


def copies(count: int) -> None:
    """Finish one cell, then make its like for other seeds and, in what reports read, twenty learning rates."""
    run("train", "-m", *QUICK, "seed=choice(0)", "sweep_dir=sweep")
    first = Path("sweep/seed=0")
    files = ("summary.json", "metrics.csv", "usable_information.jsonl", "environment.json")
    content = {name: (first / name).read_bytes() for name in files}
    config, stamp = (first / "config.yaml").read_text(), json.loads((first / "cell.json").read_text())
    for seed in range(count):
        cell = Path(f"sweep/seed={seed}")
        cell.mkdir(exist_ok=True)
        for name in files:
            (cell / name).write_bytes(content[name])
        own = config.replace("seed: 0\n", f"seed: {seed}\n", 1).replace(
            "${model.recipe.reward.lr}", str(0.001 * (1 + seed % 20))
        )
        (cell / "config.yaml").write_text(own)
        overrides = [f"seed={seed}" if text == "seed=0" else text for text in stamp["overrides"]]
        (cell / "cell.json").write_text(json.dumps(stamp | {"overrides": overrides}))


def skip() -> str:
    """A sweep of which everything is finished."""
    copies(1000)
    seconds = run("train", "-m", *QUICK, "seed=range(0,1000)", "sweep_dir=sweep")
    return f"{seconds:.1f} s for 1,000 finished cells (goal: 5)"


def report() -> str:
    """The page of a large sweep."""
    copies(200)
    Path("sweep/sweep.json").unlink()  # whose keys would say that seeds alone differ
    seconds = run("report", "run_dir=sweep")
    size = Path("sweep/report.html").stat().st_size
    return f"{seconds:.1f} s for 200 runs, {size / 1000:.0f} kB (goals: 10 s, 300 kB)"


def workers() -> str:
    """Two workers on two processors, of each launcher that is installed."""
    cells = ["seed=range(0,8)", "trainer.max_epochs=6"]
    one = run("train", "-m", *TINY, *cells, "sweep_dir=one")
    launchers = ["forked", *(["joblib"] if find_spec("hydra_plugins.hydra_joblib_launcher") else [])]
    told = [f"{one:.1f} s in one process"]
    for name in launchers:
        options = [f"hydra/launcher={name}", "hydra.launcher.n_jobs=2", f"sweep_dir={name}"]
        two = run("train", "-m", *TINY, *cells, *options)
        told.append(f"{two:.1f} s with {name}, {one / two:.2f} times faster")
    return f"{'; '.join(told)} (goal: 1.5)"


def checkpoints() -> str:
    """Time inside `save_checkpoint` as a share of `train_seconds`, in a run of some length at the default interval."""
    program = """
import json, sys, time
import lightning as L
from rmexp.cli import main
spent, save = [], L.Trainer.save_checkpoint
def timed(self, *arguments, **options):
    began = time.perf_counter()
    save(self, *arguments, **options)
    spent.append(time.perf_counter() - began)
L.Trainer.save_checkpoint = timed
main(sys.argv[1:])
summary = json.load(open("run/summary.json"))
seconds = summary["train_seconds"]
print(f"{len(spent)} checkpoints took {100 * sum(spent) / seconds:.2f} % of {seconds:.0f} s of training (goal: 2)")
"""
    arguments = ["train", *TINY, "data=synthetic", "trainer.max_epochs=2", "run_dir=run"]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def resume() -> str:
    """How much later than a new run one that goes on takes its first step, both told by their progress lines."""
    arguments = [
        *TINY,
        "trainer.max_epochs=4",
        "callbacks.progress.line_every_steps=1",
        "callbacks.saving.every_seconds=0",
    ]
    new = first_step(arguments, stop=True)
    again = first_step(arguments, stop=False)
    return (
        f"first step after {new:.1f} s in a new run, after {again:.1f} s in one that goes on (goal: 3 s more at most)"
    )


def first_step(arguments: list[str], *, stop: bool) -> float:
    """Run a command; seconds until its first step was reported."""
    began = time.perf_counter()
    process = subprocess.Popen([*PROGRAM, "train", *arguments, "run_dir=run"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    seconds = 0.0
    for line in process.stderr:
        if " step " in line:
            seconds = seconds or time.perf_counter() - began
            if stop and " step 60 " in line:
                process.kill()
    process.wait()
    return seconds


if __name__ == "__main__":
    main()
