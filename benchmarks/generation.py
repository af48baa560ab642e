"""Time of sampling 64 x 48 tokens beside transformers' generate: `python -m benchmarks.generation [ROUNDS]`.

Both draw every token from the whole distribution and neither may end early; prompts have 8 to 24 tokens, so that
both pad. Rounds alternate; the figures are ratios of medians. Prompt by prompt, the first eight are measured.
"""

import statistics
import sys
import time

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from rmexp.models.generation import Sampling, generate

PROMPTS, TOKENS, VOCABULARY = 64, 48, 1024
SINGLE = 8  # prompts that are also done one by one


def main(rounds: int) -> None:
    """Measure and print."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=170,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config).eval()
    prompts = [torch.randint(3, VOCABULARY, (8 + index % 17,)).tolist() for index in range(PROMPTS)]
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    options = GenerationConfig(
        do_sample=True, max_new_tokens=TOKENS, min_new_tokens=TOKENS, pad_token_id=0, eos_token_id=2, top_k=0
    )
    times: dict[str, list[float]] = {"transformers": [], "rmexp": [], "one by one": []}
    for round_number in range(rounds + 1):  # the first one warms up
        began = time.perf_counter()
        with torch.inference_mode():
            model.generate(ids, attention_mask=mask, generation_config=options)
        between = time.perf_counter()
        generate(model, prompts, list(range(PROMPTS)), 1, Sampling(TOKENS), [-1])
        ended = time.perf_counter()
        with torch.inference_mode():
            for prompt in prompts[:SINGLE]:
                model.generate(torch.tensor([prompt]), generation_config=options)
        last = time.perf_counter()
        if round_number:
            times["transformers"].append(between - began)
            times["rmexp"].append(ended - between)
            times["one by one"].append((last - ended) * PROMPTS / SINGLE)
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"{PROMPTS} prompts x {TOKENS} tokens, median of {rounds}:")
    for name, seconds in middle.items():
        print(f"  {name:12}  {1000 * seconds:.0f} ms")
    print(f"  rmexp takes {middle['rmexp'] / middle['transformers']:.2f} of the time of transformers' batch")
    print(f"  and is {middle['one by one'] / middle['rmexp']:.1f} times faster than prompt by prompt")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
