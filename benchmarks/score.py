"""Pairs per second of scoring: rewards by rmexp, and by transformers in float32 in padded batches of like length.

Usage: `python -m benchmarks.score [--size 1m|5m|30m] [--data dialogues|prompts|short|equal] [--pairs 400]
[--rounds 3] [--device cuda]`. On a GPU transformers computes with bf16 products.
Each way is a process of its own, which loads the model once. Rounds are interleaved; the table gives medians, and
ratios within a round, of seconds and of seconds of the processor.
"""

import argparse
import json
import statistics
import tempfile
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from benchmarks.workload import SIZES, prepare
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.precision import FULL, HALF, computing
from rmexp.hardware.threads import use_threads
from rmexp.models.reward_model import RewardModel
from rmexp.scoring.responses import compute

BATCH = 16


@torch.inference_mode()
def padded(model: RewardModel, responses: list[ResponseTokens]) -> list[float]:
    """Rewards of transformers' own forward, sorted by length, right-padded, at the last token."""
    order = sorted(range(len(responses)), key=lambda index: len(responses[index].token_ids))
    rewards = [0.0] * len(responses)
    for start in range(0, len(order), BATCH):
        some = order[start : start + BATCH]
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


def serve(precision: str | None, folder: Path, device: str, asked: Connection) -> None:
    """Score all pairs whenever asked to, and tell seconds, seconds of the processor and rewards.

    Args:
        precision: of rmexp; None for transformers.
        folder: of the workload.
        device: `cpu` or `cuda`.
        asked: by main.
    """
    pairs = json.loads((folder / "pairs.json").read_text())
    responses = [ResponseTokens((*prompt, *side), len(prompt), False) for prompt, *sides in pairs for side in sides]
    torch.manual_seed(0)  # all draw the same head
    model = RewardModel(AutoModelForCausalLM.from_pretrained(folder / "model").model).eval().to(device)
    if precision is not None:
        use_threads(None, model)
    while asked.recv():
        began, processor = time.perf_counter(), time.process_time()
        if precision is None:
            with computing(FULL if device == "cpu" else HALF, device)():
                rewards = padded(model, responses)
        else:
            with computing(precision, device)():
                rewards = [reward for (reward,) in compute(model, model, responses, packed=model.packed)]
        asked.send((time.perf_counter() - began, time.process_time() - processor, rewards))


def started(precision: str | None, folder: Path, device: str) -> Connection:
    """Start a process that serves."""
    here, there = get_context("spawn").Pipe()
    get_context("spawn").Process(target=serve, args=(precision, folder, device, there), daemon=True).start()
    return here


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=[*SIZES], default="5m")
    parser.add_argument("--data", choices=["dialogues", "prompts", "short", "equal"], default="dialogues")
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    base, ways = (
        f"transformers {'float32' if given.device == 'cpu' else 'bf16'}",
        {"rmexp float32": FULL, "rmexp bf16": HALF},
    )
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in (base, *ways)}
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        workload = prepare(Path(scratch), given.size, given.data, given.pairs, 0)
        arms = {name: started(ways.get(name), Path(scratch), given.device) for name in seconds}
        for _ in range(given.rounds + 1):  # the first warms up
            for name, arm in arms.items():
                arm.send(True)
                *taken, rewards = arm.recv()
                seconds[name].append((taken[0], taken[1]))
                results[name] = torch.tensor(rewards)
        for arm in arms.values():
            arm.send(False)
    print(json.dumps({**workload, "threads": torch.get_num_threads()}))
    print("| way | pairs per second | times transformers | by processor time | largest difference |")
    print("| --- | --- | --- | --- | --- |")
    for name in arms:
        speed = statistics.median(given.pairs / wall for wall, _ in seconds[name][1:])
        ratios = [
            statistics.median(a[kind] / b[kind] for a, b in zip(seconds[base][1:], seconds[name][1:], strict=True))
            for kind in (0, 1)
        ]
        difference = float((results[name] - results[base]).abs().max())
        print(f"| {name} | {speed:.1f} | {ratios[0]:.2f} | {ratios[1]:.2f} | {difference:.2g} |")


if __name__ == "__main__":
    main()
