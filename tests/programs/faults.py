"""Kills runs with -9 at random moments, starts them again with the same command, and compares what they leave.

    .venv/bin/python tests/programs/faults.py --seconds 300

Each case is run once without a fault. Then it is killed at a moment drawn from its length, once to three times in a
row, and finished. Weights, optimizer state, schedule, metrics.csv, summary and scored files must be the same bytes,
but for times and what depends on them. Exit code 1 when anything differs.

Processes are forked from one that has imported everything, so that most kills fall into the run and not into imports.
"""

import argparse
import importlib
import json
import os
import pkgutil
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

TIMES = (
    "seconds",
    "phases",
    "iteration_seconds",
    "train_seconds",
    "train_cpu_seconds",
    "phases",
    "train_pairs_per_second",
    "train_tokens_per_second",
)
# Beside times: which stages a comparison found done, how much of a file was computed by the last process.
CHANGING = (*TIMES, "peak_memory_mb", "records_per_second", "reused", "computed")
DATA = ("data=jsonl", "data.path=../pairs.jsonl", "data.batch_pairs=4", "data.cache_dir=../cache")
SMALL = [
    *(*DATA, "logger=csv", "model.hidden_size=32", "model.vocabulary=300", "trainer.threads=1"),
    "callbacks.saving.every_seconds=0",
]
# The pairs are easy: all validations have the same accuracy, so that the first is kept and the third is the last.
STOPS = ("trainer.monitor=val/accuracy", "trainer.patience=2", "trainer.max_epochs=6")
ROLLOUTS = [f"rollouts.{text}" for text in ("samples=8", "max_new_tokens=8", "evaluation_samples=16", "iterations=12")]


class Case(NamedTuple):
    """A command that is to survive.

    Attributes:
        name: for the table.
        overrides: of the command line.
    """

    name: str
    overrides: tuple[str, ...]


def training(name: str, *overrides: str, verb: str = "train", place: str = "run_dir=run") -> Case:
    """A case of small models."""
    return Case(name, (verb, *overrides, *SMALL, place))


CASES = (
    training("reward", "task=reward", "trainer.max_epochs=3"),
    training("reward-validations", "task=reward", "trainer.validate_every_steps=3"),
    training("reward-accumulation", "task=reward", "trainer.accumulate_grad_batches=3", "trainer.max_epochs=3"),
    training("reward-bf16", "task=reward", "trainer.precision=bf16-mixed"),
    training("reward-2-workers", "task=reward", "trainer.workers=2"),
    training("reward-2-ranks", "task=reward", "trainer=ddp"),
    training("reward-stops", "task=reward", *STOPS),
    training("sft", "task=sft"),
    training("dpo", "task=dpo"),
    training("ppo", "task=ppo", "scorer=baseline", "kl.target=2.0", *ROLLOUTS),
    training("compare", verb="compare"),
    training("sweep", "-m", "task=reward", "seed=0,1,2", place="sweep_dir=run"),
    Case("score", ("score", "scorer.path=../reward/run/model", "shard_records=10", *DATA, "run_dir=run")),
)


class Fault(NamedTuple):
    """One run that was killed, then finished.

    Attributes:
        case: name of it.
        moments: where each kill found it.
        differences: from the run without faults; none when all is well.
    """

    case: str
    moments: tuple[str, ...]
    differences: tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300, help="how long to go on killing")
    parser.add_argument("--cases", nargs="*", help="names of cases, all by default")
    parser.add_argument("--faults", type=int, default=10**6, help="runs to kill at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cases = [case for case in CASES if options.cases is None or case.name in options.cases]
    # what is scored is the model of the first case
    lengths_of = [*([] if CASES[0] in cases or all(case.name != "score" for case in cases) else [CASES[0]]), *cases]
    draw = random.Random(options.seed)
    import_everything()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_pairs(Path("pairs.jsonl"))
        lengths = {case: undisturbed(case) for case in lengths_of}
        end = time.monotonic() + options.seconds
        faults: list[Fault] = []
        while time.monotonic() < end and len(faults) < options.faults:
            case = cases[len(faults) % len(cases)]
            faults.append(killed(case, lengths[case], draw))
            for difference in faults[-1].differences:
                print(f"{case.name}, killed at {', '.join(faults[-1].moments)}: {difference}", file=sys.stderr)
    show(cases, faults)
    return int(any(fault.differences for fault in faults))


def import_everything() -> None:
    os.environ |= {"WANDB_MODE": "disabled", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    import rmexp

    for module in pkgutil.walk_packages(rmexp.__path__, "rmexp."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def write_pairs(path: Path, count: int = 60) -> None:
    rows = [
        {"prompt": f"Question {i}?", "chosen": f"yes {i} " * (1 + i % 5), "rejected": f"no {i}"} for i in range(count)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))


def start(case: Case, folder: str) -> int:
    """Fork a process that runs the command; its id."""
    process = os.fork()
    if process:
        return process
    code = 70
    try:
        os.setsid()  # a kill reaches all ranks
        from rmexp.cli import main as rmexp

        Path(folder).mkdir(exist_ok=True)  # of its own for each run: comparisons use stages of those beside them
        os.chdir(folder)
        with open("log", "a") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            code = rmexp(list(case.overrides))
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        os._exit(code)


def finish(case: Case, folder: str) -> float:
    """Run the command to its end; how long that took."""
    began = time.monotonic()
    _, status = os.waitpid(start(case, folder), 0)
    if status:
        raise SystemExit(f"{case.name} failed:\n{Path(f'{folder}/log').read_text()}")
    return time.monotonic() - began


def undisturbed(case: Case) -> float:
    """Run a case twice, in folders `<name>` and thrown away: encoded data lies ready, and chance would show."""
    finish(case, case.name)
    seconds = finish(case, "again")
    if found := differences(Path(case.name, "run"), Path("again", "run")):
        raise SystemExit(f"{case.name} differs from itself without any fault: {'; '.join(found)}")
    shutil.rmtree("again")
    return seconds


def killed(case: Case, seconds: float, draw: random.Random) -> Fault:
    """Kill a run one to three times, finish it, and compare."""
    folder = "killed"
    moments = []
    for _ in range(draw.choice((1, 1, 2, 3))):
        process = start(case, folder)
        time.sleep(draw.uniform(0, seconds))
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        moments.append(moment(Path(folder, "run")))
    finish(case, folder)
    found = differences(Path(case.name, "run"), Path(folder, "run"))
    shutil.rmtree(folder)
    return Fault(case.name, tuple(moments), tuple(found))


def moment(folder: Path) -> str:
    """Where a kill found a run, told by what lies in its folder: that of the last stage or cell where it has some."""
    inside = [
        *sorted(folder.glob("seed=*"), reverse=True),
        *(folder / name for name in ("dpo", "reward", "sft")),
        folder,
    ]
    stages = [stage for stage in inside if stage.is_dir()]
    if not stages:
        return "before the folder"
    stage = stages[0]
    if list(stage.glob("checkpoints/.*.ckpt.*")):
        return "writing a checkpoint"
    if list(stage.glob(".*.partial")) or list(stage.glob("**/.*.??????*")):
        return "writing final files"
    if (stage / "summary.json").exists():
        return "after the end"
    if (stage / "model").exists():
        return "after training"
    if (stage / "scored").exists():
        return "while scoring"
    rows = (stage / "metrics.csv").read_text().splitlines() if (stage / "metrics.csv").exists() else []
    return "in training" if len(rows) > 1 else "before the first step"


def differences(expected: Path, found: Path) -> list[str]:
    """What two run folders of the same command do not share."""
    names = sorted(str(path.relative_to(expected)) for path in expected.rglob("*") if kept(path))
    others = sorted(str(path.relative_to(found)) for path in found.rglob("*") if kept(path))
    if names != others:
        return [f"other files: {sorted(set(names) ^ set(others))}"]
    return [name for name in names if content(expected / name) != content(found / name)]


def kept(path: Path) -> bool:
    parts = (".lock", "environment.json", "config.yaml", "report.html")  # times, places and what is made of them
    return path.is_file() and path.name not in parts


def content(path: Path) -> Any:
    """What is to be compared of a file."""
    if path.suffix == ".ckpt":
        return checkpoint_content(path)
    if path.name == "metrics.csv":
        rows = [row.split(",") for row in path.read_text().splitlines()]
        changing = re.compile(r"seconds.*|.*_per_second|memory_mb")
        kept = [place for place, name in enumerate(rows[0]) if not changing.fullmatch(name)]
        return [[row[place] for place in kept] for row in rows]
    if path.suffix == ".json":
        return without_times(json.loads(path.read_text()))
    return path.read_bytes()


def checkpoint_content(path: Path) -> list[bytes]:
    """Weights, optimizer and schedule of a checkpoint, tensors as bytes."""
    import torch

    checkpoint = torch.load(path, weights_only=True)
    parts = ("global_step", "state_dict", "optimizer_states", "lr_schedulers", "kl_coefficient")
    return [item for part in parts if part in checkpoint for item in flat(checkpoint[part])]


def flat(node: Any) -> list[bytes]:
    if isinstance(node, dict):
        return [item for key in sorted(node, key=str) for item in (str(key).encode(), *flat(node[key]))]
    if isinstance(node, list | tuple):
        return [item for child in node for item in flat(child)]
    return [node.numpy().tobytes() if hasattr(node, "numpy") else repr(node).encode()]


def without_times(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: without_times(value) for key, value in node.items() if key not in CHANGING}
    return [without_times(child) for child in node] if isinstance(node, list) else node


def show(cases: list[Case], faults: list[Fault]) -> None:
    moments = sorted({moment for fault in faults for moment in fault.moments})
    print(f"| killed -9 | {' | '.join(moments)} | kills | runs | equal |")
    print(f"| --- | {' | '.join('--:' for _ in moments)} | --: | --: | --: |")
    for case in cases:
        own = [fault for fault in faults if fault.case == case.name]
        count = Counter(moment for fault in own for moment in fault.moments)
        equal = sum(not fault.differences for fault in own)
        cells = " | ".join(str(count[moment]) for moment in moments)
        print(f"| {case.name} | {cells} | {sum(count.values())} | {len(own)} | {equal} |")


if __name__ == "__main__":
    sys.exit(main())
