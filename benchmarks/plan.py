"""What `plan=true` says against what training takes, and its table for Llamas of 1, 8 and 70 billion parameters.

python -m benchmarks.plan            # measures two models here: peak memory of a process above the idle one
python -m benchmarks.plan --table    # the table of docs/speed.md
"""

import argparse
import json
import resource
import subprocess
import sys

from rmexp.training.plan.needs import BatchShape, ModelShape, Needs, Setting, needs

GIB = 2**30
# hidden, layers, heads, key heads, head width, MLP width: of Llama 3.2 1B, Llama 3.1 8B and 70B
LLAMAS = {
    "1B": (2048, 16, 32, 8, 64, 8192),
    "8B": (4096, 32, 32, 8, 128, 14336),
    "70B": (8192, 80, 64, 8, 128, 28672),
}
VOCABULARY = 128_256
TOKENS = 64 * 358  # of 64 pairs of HH dialogues
DIALOGUES = BatchShape(pairs=64, tokens=TOKENS, read=128, scores=TOKENS * 200, tiled_keys=TOKENS)
MEASURED = {"wide": (1024, 3, 16, 8, 64, 2816), "deep": (512, 10, 8, 8, 64, 1376)}
PAIRS, PROMPT, RESPONSE = 6, 160, 90


def _shape_of(size: tuple[int, ...], vocabulary: int) -> ModelShape:
    hidden, layers, heads, key_heads, width, mlp = size
    layer = hidden * width * (2 * heads + 2 * key_heads) + 3 * hidden * mlp + 2 * hidden
    embedded = vocabulary * hidden
    return ModelShape(*size, parameters=layers * layer + embedded + hidden, embedded=embedded)


def _predicted(name: str, precision: str) -> Needs:
    own = MEASURED[name]
    tokens = PAIRS * (PROMPT + 2 * RESPONSE)
    from rmexp.models.attention.choose import keeps_scores
    from rmexp.training.plan.shapes import batch_shape

    kept = keeps_scores("cpu", half=precision != "32-true")
    found = batch_shape([(PAIRS, _batch().responses)], likelihood=False)
    assert found.tokens == tokens
    return needs(_shape_of(own, 2048), found, Setting(precision, 2, False, kept, 1e12), 1, "ddp")


def _batch():
    import numpy as np

    from rmexp.encoding.pack import pair_batch
    from rmexp.encoding.tokens import PairTokens, ResponseTokens

    random = np.random.default_rng(0)

    def ids(count: int) -> tuple[int, ...]:
        return tuple(random.integers(3, 2048, count).tolist())

    pairs = []
    for _ in range(PAIRS):
        prompt = ids(PROMPT)
        sides = (ResponseTokens(prompt + ids(RESPONSE), PROMPT, False) for _ in range(2))
        pairs.append(PairTokens(*sides, 1.0))
    return pair_batch(pairs)


def _measured(name: str, precision: str) -> float:
    """Bytes that a few steps take at most, above the process before there was a model."""
    command = [sys.executable, "-m", "benchmarks.plan", "--measure", name, precision]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def _measure(name: str, precision: str) -> float:
    import torch
    from transformers import LlamaModel

    from rmexp.losses.bradley_terry import bradley_terry_loss
    from rmexp.models.reward_model import RewardModel

    torch.set_num_threads(1)
    given = _batch()
    small = _config((64, 2, 2, 2, 32, 128))
    _step(RewardModel(LlamaModel(small)), given, bradley_terry_loss, precision)  # what libraries take once
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    config = _config(MEASURED[name])
    _step(RewardModel(LlamaModel(config)), given, bradley_terry_loss, precision)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) * 1024.0


def _config(size: tuple[int, ...]):
    from transformers import LlamaConfig

    hidden, layers, heads, key_heads, width, mlp = size
    return LlamaConfig(
        vocab_size=2048,
        hidden_size=hidden,
        intermediate_size=mlp,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        head_dim=width,
        max_position_embeddings=512,
    )


def _step(model, given, loss, precision: str) -> None:
    import torch

    if precision == "bf16-true":
        model.to(torch.bfloat16)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    for _ in range(2):
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
            rewards = model(given.responses)
        loss(*given.pairing.sides(rewards)).mean().backward()
        optimizer.step()
        optimizer.zero_grad()


def _check() -> None:
    print("| model | planned, MB | measured, MB | ratio |\n|---|---|---|---|")
    for name in MEASURED:
        plan, found = _predicted(name, "32-true").peak / 2**20, _measured(name, "32-true") / 2**20
        print(f"| {name} | {plan:.0f} | {found:.0f} | {plan / found:.2f} |", flush=True)


def _table() -> None:
    print("| model | devices | weights | gradients | optimizer | activations | peak | sent, a step | time, a step |")
    print("|---|---|---|---|---|---|---|---|---|")
    setting = Setting("bf16-true", 2, False, False, 4e14)
    for name, size in LLAMAS.items():
        for devices in (1, 8, 64):
            for sharing in ("ddp", "fsdp") if devices > 1 else ("ddp",):
                found = needs(_shape_of(size, VOCABULARY), DIALOGUES, setting, devices, sharing)
                sizes = (found.weights, found.gradients, found.optimizer, found.activations, found.peak)
                columns = [f"{value / GIB:.1f}" for value in (*sizes, found.communication)]
                kind = f"{devices} {sharing}" if devices > 1 else "1"
                print(f"| {name} | {kind} | {' | '.join(columns)} | {found.seconds:.2f} s |")


def main() -> None:
    """Measure, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--measure", nargs=2, metavar=("MODEL", "PRECISION"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(_measure(*options.measure)))
    elif options.table:
        _table()
    else:
        _check()


if __name__ == "__main__":
    main()
