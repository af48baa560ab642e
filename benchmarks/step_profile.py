"""Where the time of a training step of a reward model goes, and how far it is from the peak of matrix products.

Usage: `python -m benchmarks.step_profile [--size 1m|5m|30m] [--data dialogues|prompts|short|...] [--steps 20]`.
Processor time by kind of operation, from torch's profiler; the share of the peak is without the profiler.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM

from benchmarks.train import matmul_peak
from benchmarks.workload import LENGTHS, SIZES, prepare
from rmexp.encoding.batches import PairBatch
from rmexp.encoding.pack import pair_batch
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.hardware.precision import HALF, choose_precision
from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.models.reward_model import RewardModel

BATCH, WARM_UP = 8, 3
KINDS = {
    "products with weights": ("aten::mm", "aten::addmm"),
    "products of attention": ("aten::bmm",),
    "softmax": ("aten::_softmax", "aten::_softmax_backward_data"),
    "copies and casts": ("aten::copy_", "aten::index_select", "aten::cat", "aten::index", "aten::fill_", "aten::zero_"),
    "activations, norms, sums": (
        "aten::mul", "aten::mul_", "aten::add", "aten::add_", "aten::addcmul_", "aten::silu", "aten::silu_backward",
        "aten::sum", "aten::linalg_vector_norm", "aten::mv", "aten::sub", "aten::div", "aten::div_", "aten::neg",
    ),
    "optimizer": ("aten::_fused_adamw_",),
}  # fmt: skip


def step(model: RewardModel, optimizer: torch.optim.Optimizer, batch: PairBatch, half: bool) -> None:
    """One step."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        rewards = model(batch.responses)
    loss = bradley_terry_loss(*batch.pairing.sides(rewards), target=batch.pairing.target).mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def main() -> None:
    """Profile and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=[*SIZES], default="5m")
    parser.add_argument("--data", choices=[*LENGTHS], default="dialogues")
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        workload = prepare(Path(scratch), given.size, given.data, BATCH * (given.steps + WARM_UP), 0)
        rows = json.loads((Path(scratch) / "pairs.json").read_text())
        model = RewardModel(AutoModelForCausalLM.from_pretrained(Path(scratch) / "model").model)
    half = choose_precision("auto", model, "cpu") == HALF
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    pairs = [
        PairTokens(*(ResponseTokens((*prompt, *side), len(prompt), False) for side in sides), 1.0)
        for prompt, *sides in rows
    ]
    batches = [pair_batch(pairs[start : start + BATCH]) for start in range(0, len(pairs), BATCH)]
    for batch in batches[:WARM_UP]:
        step(model, optimizer, batch, half)
    began = time.perf_counter()
    for batch in batches[WARM_UP:]:
        step(model, optimizer, batch, half)
    seconds = time.perf_counter() - began
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for batch in batches[WARM_UP:]:
            step(model, optimizer, batch, half)
    events = {event.key: event.self_cpu_time_total for event in profiler.key_averages()}
    total = sum(events.values())
    tokens = sum(len(batch.responses.token_ids) for batch in batches[WARM_UP:])
    reached = 6 * workload["body_parameters"] * tokens / seconds / 1e9
    peak = matmul_peak(torch.bfloat16 if half else torch.float32)
    print(json.dumps({**workload, "distinct_tokens_a_pair": tokens / BATCH / given.steps, "half": half}))
    print(f"{BATCH * given.steps / seconds:.1f} pairs/s, {reached:.0f} of {peak:.0f} GFLOP/s: {reached / peak:.0%}")
    print("| kind | share of processor time |\n| --- | --- |")
    for kind, names in KINDS.items():
        print(f"| {kind} | {sum(events.get(name, 0) for name in names) / total:.1%} |")
    known = {name for names in KINDS.values() for name in names}
    print(
        f"| everything else, Python among it | {sum(t for key, t in events.items() if key not in known) / total:.1%} |"
    )


if __name__ == "__main__":
    main()
