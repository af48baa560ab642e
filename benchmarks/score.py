"""Pairs per second of scoring: rewards by rmexp, and by transformers in padded batches of like length.

Usage: `python -m benchmarks.score [--size 1m|5m|30m] [--data dialogues|prompts|short|equal] [--pairs 400]
[--rounds 3] [--device cuda] [--out FILE.json] [--workload FOLDER]`. Transformers computes in float32; on a GPU its
weights are in bf16, in batches of two sizes, of which the faster counts. Each way is a process of its own, which loads
the model once; one that fails is told and left out. Rounds are interleaved; the table gives medians, and ratios within
a round, of seconds and of seconds of the processor.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import nullcontext
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import torch
from transformers import AutoModelForCausalLM

from benchmarks.workload import SIZES, prepared
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.precision import FULL, HALF, computing
from rmexp.hardware.threads import use_threads
from rmexp.models.reward_model import RewardModel
from rmexp.scoring.responses import compute


class Way(NamedTuple):
    """How rewards are computed.

    Attributes:
        precision: of rmexp; None for transformers.
        half: whether the weights are in bf16.
        batch: responses at once, of transformers.
    """

    precision: str | None
    half: bool = False
    batch: int = 16


ON_PROCESSOR = {"transformers float32": Way(None), "rmexp float32": Way(FULL), "rmexp bf16": Way(HALF)}
ON_GPU = {
    "transformers bf16, 16 at once": Way(None, half=True),
    "transformers bf16, 64 at once": Way(None, half=True, batch=64),
    "rmexp bf16": Way(HALF),
}


@torch.inference_mode()
def padded(model: RewardModel, responses: list[ResponseTokens], batch: int) -> list[float]:
    """Rewards of transformers' own forward, sorted by length, right-padded, at the last token."""
    order = sorted(range(len(responses)), key=lambda index: len(responses[index].token_ids))
    rewards = [0.0] * len(responses)
    for start in range(0, len(order), batch):
        some = order[start : start + batch]
        lengths = torch.tensor([len(responses[index].token_ids) for index in some])
        ids = torch.zeros(len(some), int(lengths.max()), dtype=torch.int64)
        for row, index in enumerate(some):
            ids[row, : lengths[row]] = torch.tensor(responses[index].token_ids)
        mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
        ids, mask = (part.to(model.body.device) for part in (ids, mask))
        hidden = model.body(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        last = hidden[torch.arange(len(some)), lengths - 1]
        for index, reward in zip(some, model.head(last).squeeze(-1).tolist(), strict=True):
            rewards[index] = reward
    return rewards


def serve(way: Way, folder: Path, count: int, device: str, asked: Connection) -> None:
    """Score all pairs whenever asked to, and tell seconds, seconds of the processor, megabytes and rewards.

    Args:
        way: to compute them.
        folder: of the workload.
        count: of its pairs.
        device: `cpu` or `cuda`.
        asked: by main.
    """
    pairs = json.loads((folder / "pairs.json").read_text())[:count]
    responses = [ResponseTokens((*prompt, *side), len(prompt), False) for prompt, *sides in pairs for side in sides]
    torch.manual_seed(0)  # all draw the same head
    model = RewardModel(AutoModelForCausalLM.from_pretrained(folder / "model").model).eval().to(device)
    if way.half:
        model.to(torch.bfloat16)
    if way.precision is not None:
        use_threads(None, model)
    while asked.recv():
        began, processor = time.perf_counter(), time.process_time()
        with nullcontext() if way.precision is None else computing(way.precision, device)():
            if way.precision is None:
                rewards = padded(model, responses, way.batch)
            else:
                rewards = [reward for (reward,) in compute(model, model, responses, packed=model.packed)]
        megabytes = torch.cuda.max_memory_allocated() / 2**20 if device != "cpu" else 0.0
        asked.send((time.perf_counter() - began, time.process_time() - processor, megabytes, rewards))


def started(way: Way, folder: Path, count: int, device: str) -> Connection:
    """Start a process that serves."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=(way, folder, count, device, there), daemon=True)
    process.start()
    there.close()  # or the end of the process would not be noticed here
    return here


def measured(
    ways: dict[str, Way], folder: Path, given: argparse.Namespace
) -> tuple[dict[str, list[tuple[float, float]]], dict[str, torch.Tensor], dict[str, float]]:
    """Seconds of each round, rewards and megabytes of the ways that ran."""
    arms = {name: started(way, folder, given.pairs, given.device) for name, way in ways.items()}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
    results, megabytes = dict[str, torch.Tensor](), dict[str, float]()
    for number in range(given.rounds + 1):  # the first warms up
        for name in list(arms):
            try:
                arms[name].send(True)
                wall, processor, megabytes[name], rewards = arms[name].recv()
            except (EOFError, OSError):
                print(f"{name} failed", file=sys.stderr, flush=True)
                del arms[name], seconds[name]
                continue
            results[name] = torch.tensor(rewards)
            if number:
                seconds[name].append((wall, processor))
    for arm in arms.values():
        arm.send(False)
    return seconds, {name: results[name] for name in arms}, {name: megabytes[name] for name in arms}


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=[*SIZES], default="5m")
    parser.add_argument("--data", choices=["dialogues", "prompts", "short", "equal"], default="dialogues")
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    parser.add_argument("--workload", type=Path, help="folder of model and pairs, made when missing, and kept")
    given = parser.parse_args()
    ways = ON_PROCESSOR if given.device == "cpu" else ON_GPU
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.workload or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        workload = prepared(folder, given.size, given.data, given.pairs, 0, given.device)
        seconds, results, megabytes = measured(ways, folder, given)
    middle = {name: statistics.median(wall for wall, _ in taken) for name, taken in seconds.items()}
    base = min((name for name in middle if ways[name].precision is None), key=middle.__getitem__, default=None)
    print(json.dumps({**workload, "threads": torch.get_num_threads()}))
    print("| way | pairs per second | times transformers | by processor time | largest difference | MB of the GPU |")
    print("| --- | --- | --- | --- | --- | --- |")
    rows = []
    for name, taken in seconds.items():
        speed, ratios, difference = given.pairs / middle[name], [float("nan")] * 2, float("nan")
        if base is not None:
            both = [*zip(seconds[base], taken, strict=True)]
            ratios = [statistics.median(a[kind] / b[kind] for a, b in both) for kind in (0, 1)]
            difference = float((results[name] - results[base]).abs().max())
        of_gpu = megabytes[name]
        rows.append({"arm": name, "pairs_per_second": speed, "times_transformers": ratios[0], "megabytes": of_gpu})
        print(f"| {name} | {speed:.1f} | {ratios[0]:.2f} | {ratios[1]:.2f} | {difference:.2g} | {of_gpu:.0f} |")
    if given.out:
        given.out.write_text(json.dumps({**workload, "rows": rows}, indent=1))
    if len(seconds) < len(ways):
        raise SystemExit(f"failed: {', '.join(name for name in ways if name not in seconds)}")


if __name__ == "__main__":
    main()
