"""Pairs per second of training: the plain loop, TRL and rmexp on the same weights, pairs, batch and steps.

Usage: `python -m benchmarks.train [--task reward|dpo] [--size 1m|5m|30m] [--data dialogues|prompts|short|...]
[--batch 8] [--rounds 3] [--steps 100] [--arms loop,trl,...] [--device cuda] [--out FILE.json] [--workload FOLDER]`.
Every arm is a process of its own; rounds are interleaved, so that whatever else the machine does hits all of them; the
table gives medians, ratios to the loop and to TRL's best, of the first steps and of those after them, and the share of
the machine's peak that went into operations that no layout saves (of a GPU in bf16 that is its MFU). The file is
written anew after each arm; an arm that fails is told and left out.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.workload import LENGTHS, SIZES, needed_flops, prepared

REWARD_ARMS = "loop,trl,trl_fast,trl_grouped,rmexp_fp32,rmexp,rmexp_compiled"
DPO_ARMS = REWARD_ARMS + ",rmexp_online"


def matmul_peak(dtype: torch.dtype, device: str = "cpu") -> float:
    """Best GFLOP/s of a large matrix product on all threads, or on a GPU."""
    size, inner = (2048, 1024) if device == "cpu" else (8192, 8192)
    left, right = (torch.randn(shape, dtype=dtype, device=device) for shape in ((size, inner), (inner, size)))
    best = 0.0
    for _ in range(12):
        began = time.perf_counter()
        left @ right
        if device != "cpu":
            torch.accelerator.synchronize()
        best = max(best, 2 * size * inner * size / (time.perf_counter() - began) / 1e9)
    return best


def measure(arm: str, folder: Path, given: argparse.Namespace, seed: int) -> dict[str, float] | None:
    """Figures of one run of an arm, as the command line asks for it; None where it failed, which is told."""
    numbers = map(str, (given.batch, given.steps, given.warm_up, seed))
    arguments = [arm, given.task, str(folder), *numbers, given.device]
    command = [sys.executable, "-m", "benchmarks.train_arm", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{arm} failed:\n{done.stderr[-2000:]}", file=sys.stderr, flush=True)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])  # type: ignore[no-any-return]


def summary(
    runs: dict[str, list[dict[str, float]]], flops_a_pair: float, peaks: dict[str, float]
) -> list[dict[str, Any]]:
    """Rows of the table; ratios are medians of the ratios within a round, peaks GFLOP/s by precision."""
    speed = {arm: [run["pairs"] / run["seconds"] for run in of_arm] for arm, of_arm in runs.items()}
    first = {arm: [run["first_pairs"] / run["first_seconds"] for run in of_arm] for arm, of_arm in runs.items()}
    best_trl, best_first = (_best_trl(of_arms) for of_arms in (speed, first))
    rows = []
    for arm, values in speed.items():
        row = {
            "arm": arm,
            "pairs_per_second": statistics.median(values),
            "first_pairs_per_second": statistics.median(first[arm]),
            "lowest": min(values),
            "highest": max(values),
            "pairs_per_cpu_second": statistics.median(run["pairs"] / run["cpu_seconds"] for run in runs[arm]),
            "megabytes": statistics.median(run["megabytes"] for run in runs[arm]),
            "share_of_peak": statistics.median(
                values[at] * flops_a_pair / 1e9 / peaks[run["precision"]] for at, run in enumerate(runs[arm])
            ),
        }
        if "loop" in speed:
            row["times_loop"] = _ratio(values, speed["loop"])
            row["first_times_loop"] = _ratio(first[arm], first["loop"])
            row["memory_of_loop"] = row["megabytes"] / statistics.median(run["megabytes"] for run in runs["loop"])
        if best_trl:
            row["times_best_trl"] = _ratio(values, best_trl)
            row["first_times_best_trl"] = _ratio(first[arm], best_first)
        rows.append(row)
    return rows


def _best_trl(speed: dict[str, list[float]]) -> list[float]:
    """The best of TRL's settings in each round."""
    return [max(values) for values in zip(*(speed[arm] for arm in speed if arm.startswith("trl")), strict=False)]


def _ratio(values: list[float], others: list[float]) -> float:
    """Median of the ratios within a round."""
    return statistics.median(one / other for one, other in zip(values, others, strict=False))


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    names = list(rows[-1])
    lines = ["| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|" + " --- |" * len(names)]
    for row in rows:
        cells = (f"{row[name]:.3g}" if isinstance(row.get(name), float) else str(row.get(name, "")) for name in names)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--task", choices=["reward", "dpo"], default="reward")
    parser.add_argument("--size", choices=[*SIZES], default="5m")
    parser.add_argument("--data", choices=[*LENGTHS], default="dialogues")
    parser.add_argument("--batch", type=int, default=8, help="pairs a step")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=100, help="those of the warm-up included")
    parser.add_argument("--warm-up", type=int, default=60, help="first steps, which are told apart")
    parser.add_argument("--arms", help="comma-separated; all that suit the task when omitted")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    parser.add_argument("--workload", type=Path, help="folder of model and pairs, made when missing, and kept")
    given = parser.parse_args()
    arms = (given.arms or (REWARD_ARMS if given.task == "reward" else DPO_ARMS)).split(",")
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.workload or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        workload = prepared(folder, given.size, given.data, given.batch * given.steps, 0, given.device)
        measured = {"task": given.task, "batch": given.batch, **workload, **machine(given.device)}
        rows, failed = _rounds(arms, folder, given, measured)
    print(json.dumps(measured))
    if rows:
        print(table(rows))
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def machine(device: str) -> dict[str, Any]:
    """What computes, and the most that it does."""
    types = {"float32": torch.float32, "bf16": torch.bfloat16}
    peaks = {f"gflops_{name}": round(matmul_peak(dtype, device)) for name, dtype in types.items()}
    known = getattr(torch.cpu, "get_capabilities", dict)()  # which older versions of torch have not
    return {
        "device": device if device == "cpu" else torch.cuda.get_device_name(),
        "processor": known.get("cpu_name", platform.processor()),
        "instructions": [name for name in ("avx512_bf16", "amx_bf16") if known.get(name)],
        "threads": torch.get_num_threads(),
        **peaks,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _rounds(
    arms: list[str], folder: Path, given: argparse.Namespace, measured: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of the arms that ran, which are written after each of them, and the arms that failed."""
    peaks = {name: measured[f"gflops_{name}"] for name in ("float32", "bf16")}
    runs: dict[str, list[dict[str, float]]] = {}
    rows, failed = list[dict[str, Any]](), list[str]()
    for number in range(given.rounds):
        for arm in arms:
            last = None if arm in failed else measure(arm, folder, given, number)
            if last is None:
                failed += [] if arm in failed else [arm]
                continue
            runs.setdefault(arm, []).append(last)
            speed = last["pairs"] / last["seconds"]
            print(f"round {number} {arm}: {speed:.2f} pairs/s", file=sys.stderr, flush=True)
            rows = summary(runs, needed_flops(given.task, measured), peaks)
            if given.out:
                given.out.write_text(json.dumps({**measured, "rows": rows, "runs": runs}, indent=1))
    return rows, failed


if __name__ == "__main__":
    main()
