"""Time of scoring a pool of candidates beside scoring them one by one: `python -m benchmarks.pool_scoring [ROUNDS]`.

Prompts are half of the tokens: 16 prompts with 32 responses each, 48 tokens of either; a tiny reward model, one thread.
Rounds alternate; the figure is the ratio of the medians.
"""

import statistics
import sys
import time

import torch

from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.backbones.tiny import tiny
from rmexp.models.reward_model import RewardModel
from rmexp.scoring.responses import compute

PROMPTS, RESPONSES, TOKENS = 16, 32, 48


def main(rounds: int) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "layers": 2, "heads": 4, "vocabulary": 1024, "max_positions": 512}
    built = tiny(["some words to learn a vocabulary from"], 0, **sizes)
    model = RewardModel(built.body, layout=built.layout)
    vocabulary = built.causal_lm.config.vocab_size
    pool = []
    for _ in range(PROMPTS):
        prompt = torch.randint(3, vocabulary, (TOKENS,)).tolist()
        for _ in range(RESPONSES):
            response = torch.randint(3, vocabulary, (TOKENS,)).tolist()
            pool.append(ResponseTokens((*prompt, *response), TOKENS, False))
    times: dict[str, list[float]] = {"one by one": [], "as a pool": []}
    for round_number in range(rounds + 1):  # the first one warms up
        began = time.perf_counter()
        alone = [compute(model, model, [response], packed=model.packed)[0][0] for response in pool]
        between = time.perf_counter()
        together = [row[0] for row in compute(model, model, pool, packed=model.packed)]
        ended = time.perf_counter()
        worst = max(abs(a - b) for a, b in zip(alone, together, strict=True))
        if round_number:
            times["one by one"].append(between - began)
            times["as a pool"].append(ended - between)
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"{len(pool)} responses, median of {rounds}, largest difference of two scores {worst:.1e}:")
    for name, seconds in middle.items():
        print(f"  {name:10}  {1000 * seconds:.0f} ms")
    print(f"  ratio       {middle['one by one'] / middle['as a pool']:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
