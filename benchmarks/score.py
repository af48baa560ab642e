"""Pairs per second of scoring: rewards by rmexp, and by transformers in float32 in padded batches of like length.

Usage: `python -m benchmarks.score [--size 1m|5m|30m] [--data dialogues|prompts|short|equal] [--pairs 400]
[--rounds 3]`.
Rounds are interleaved; the table gives medians, and ratios within a round.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from benchmarks.workload import SIZES, prepare
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.precision import FULL, HALF, computing
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
        hidden = model.body(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        last = hidden[torch.arange(len(some)), lengths - 1]
        for index, reward in zip(some, model.head(last).squeeze(-1).tolist(), strict=True):
            rewards[index] = reward
    return rewards


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=[*SIZES], default="5m")
    parser.add_argument("--data", choices=["dialogues", "prompts", "short", "equal"], default="dialogues")
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        workload = prepare(Path(scratch), given.size, given.data, given.pairs, 0)
        pairs = json.loads((Path(scratch) / "pairs.json").read_text())
        model = RewardModel(AutoModelForCausalLM.from_pretrained(Path(scratch) / "model").model).eval()
    responses = [ResponseTokens((*prompt, *side), len(prompt), False) for prompt, *sides in pairs for side in sides]

    def ours(precision: str) -> list[float]:
        with computing(precision, "cpu")():
            return [reward for (reward,) in compute(model, model, responses, packed=model.packed)]

    arms: dict[str, Callable[[], list[float]]] = {
        "transformers float32": lambda: padded(model, responses),
        "rmexp float32": lambda: ours(FULL),
        "rmexp bf16": lambda: ours(HALF),
    }
    speed: dict[str, list[float]] = {name: [] for name in arms}
    results = {}
    for _ in range(given.rounds + 1):  # the first warms up
        for name, score in arms.items():
            began = time.perf_counter()
            results[name] = torch.tensor(score())
            speed[name].append(len(pairs) / (time.perf_counter() - began))
    print(json.dumps({**workload, "threads": torch.get_num_threads()}))
    print("| way | pairs per second | times transformers | largest difference |\n| --- | --- | --- | --- |")
    base = "transformers float32"
    for name in arms:
        ratio = statistics.median(a / b for a, b in zip(speed[name][1:], speed[base][1:], strict=True))
        difference = float((results[name] - results[base]).abs().max())
        print(f"| {name} | {statistics.median(speed[name][1:]):.1f} | {ratio:.2f} | {difference:.2g} |")


if __name__ == "__main__":
    main()
