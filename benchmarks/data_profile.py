"""How long `rmexp profile` takes and how much memory it holds: 70,000 pairs of the lengths of public chat data.

    .venv/bin/python benchmarks/data_profile.py [PAIRS]

Prints seconds and peak memory of the real command in a process of its own; the goal is 60 s and 2 GB on two cores.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

PAIRS = 70_000
GOAL_SECONDS, GOAL_MB = 60, 2048


def rows(pairs: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Pairs with Zipf-distributed words: prompts of about 100 words, responses of 45 and 35, some prompts shared."""
    rng = np.random.default_rng(seed)
    words = np.array([_word(rng) for _ in range(50_000)])
    prompt = ""
    for index in range(pairs):
        if not prompt or rng.random() < 0.7:  # 1.4 pairs a prompt
            prompt = f"\n\nHuman: {_text(words, rng, 100)}?\n\nAssistant:"
        chosen, rejected = _text(words, rng, 45), _text(words, rng, 35)
        yield {"id": str(index), "prompt": prompt, "chosen": f"{chosen}.", "rejected": f"{rejected}!"}


def _word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list("etaoinshrdlucmfw"), size=int(rng.integers(2, 10))))


def _text(words: Any, rng: np.random.Generator, mean: int) -> str:
    length = max(3, int(rng.lognormal(np.log(mean) - 0.3, 0.8)))
    ranks = np.minimum(rng.zipf(1.15, size=length), len(words)) - 1
    return " ".join(words[ranks])


def main() -> int:
    """Run the command and compare with the goal; 0 when it is reached."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pairs.jsonl")
        with path.open("w") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows(pairs))
        print(f"{pairs:,} pairs, {path.stat().st_size / 1e6:.0f} MB")
        command = [Path(sys.executable).with_name("rmexp"), "profile", "data=jsonl", f"data.path={path}"]
        began = time.perf_counter()
        subprocess.run([*command, f"run_dir={folder}/run"], check=True, env={**os.environ})
        seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    megabytes = used.ru_maxrss / 1024
    print(
        f"{seconds:.1f} s wall (goal {GOAL_SECONDS}), {used.ru_utime + used.ru_stime:.1f} s of processor, "
        f"{megabytes:.0f} MB at most (goal {GOAL_MB})"
    )
    return int(seconds > GOAL_SECONDS or megabytes > GOAL_MB)


if __name__ == "__main__":
    sys.exit(main())
