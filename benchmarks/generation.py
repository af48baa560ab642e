"""Processor time of sampling beside transformers' generate: `python -m benchmarks.generation [--size 100m]`.

All draw every token from the whole distribution and none may end early; prompts have 8 to 24 tokens, so that all pad.
Transformers runs with the cache that grows, its default, and with the one of fixed size. Rounds alternate; the figures
are medians. On a GPU (`--device cuda`) the clock is told, after the device is done.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from rmexp.models.generation import Sampling, generate

# hidden, layers, heads, vocabulary, prompts, tokens
SIZES = {"tiny": (64, 2, 4, 1024, 64, 48), "7m": (256, 6, 4, 8192, 32, 48), "100m": (768, 12, 12, 32000, 16, 32)}
CACHES = {"transformers": None, "transformers, static cache": "static"}
OWN = "rmexp"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    *_, count, tokens = SIZES[options.size]
    model = _model(options.size).to(options.device)
    arms = _arms(model, count, tokens)
    times: dict[str, list[float]] = {name: [] for name in arms}
    for round_number in range(options.rounds + 1):  # the first one warms up
        for name, sample in list(arms.items()):
            began = _now(options.device)
            try:
                sample()
            except Exception as error:
                print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr)
                del arms[name], times[name]
                continue
            if round_number:
                times[name].append(_now(options.device) - began)
    million = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    print(f"{million:.1f} million parameters, {count} prompts x {tokens} tokens, median of {options.rounds}:")
    middle = {name: statistics.median(values) for name, values in times.items()}
    for name, seconds in middle.items():
        print(f"  {name:26}  {1000 * seconds:.0f} ms  {count * tokens / seconds:.0f} tokens/s")
    others = [seconds for name, seconds in middle.items() if name != OWN]
    if OWN in middle and others:
        print(f"  rmexp takes {middle[OWN] / min(others):.2f} of the time of transformers' best")
    if options.out:
        rows = [{"arm": name, "tokens_per_second": count * tokens / seconds} for name, seconds in middle.items()]
        options.out.write_text(json.dumps({"size": options.size, "parameters": 1e6 * million, "rows": rows}, indent=1))


def _model(size: str) -> LlamaForCausalLM:
    hidden, layers, heads, vocabulary, *_ = SIZES[size]
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=hidden * 8 // 3,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).eval()


def _arms(model: LlamaForCausalLM, count: int, tokens: int) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    vocabulary = model.config.vocab_size
    prompts = [torch.randint(3, vocabulary, (8 + index % 17,)).tolist() for index in range(count)]
    longest = max(map(len, prompts))
    padded = [[0] * (longest - len(prompt)) + prompt for prompt in prompts]
    visible = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    ids, mask = (torch.tensor(rows, device=model.device) for rows in (padded, visible))
    wanted = {"do_sample": True, "max_new_tokens": tokens, "min_new_tokens": tokens, "top_k": 0}

    def theirs(cache: str | None) -> object:
        config = GenerationConfig(**wanted, pad_token_id=0, eos_token_id=2, cache_implementation=cache)
        with torch.inference_mode():
            return model.generate(ids, attention_mask=mask, generation_config=config)

    def ours() -> object:
        return generate(model, prompts, list(range(count)), 1, Sampling(tokens), [-1])

    return {name: lambda cache=cache: theirs(cache) for name, cache in CACHES.items()} | {OWN: ours}


def _now(device: str) -> float:
    """Seconds of the processor, or of the clock once a GPU is done."""
    if device == "cpu":
        return time.process_time()
    torch.accelerator.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
