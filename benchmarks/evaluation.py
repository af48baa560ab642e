"""How long the analysis of scores on disk takes and how much memory it holds: two scorers on 100,000 pairs.

    .venv/bin/python benchmarks/evaluation.py [PAIRS]

Writes pairs and two scored files, runs `rmexp evaluate` on them with 2,000 bootstrap draws in a process of its own, and
prints the seconds of the whole command, of its analysis alone (statistics and report), of its start-up (until it looks
at data), and its peak memory. The goals are 10 s of analysis, 1 s of start-up and 1 GB.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from rmexp.records import Preference, Scored
from rmexp.scoring.scored_file import write_scored

PAIRS, DRAWS = 100_000, 2000
GOAL_SECONDS, GOAL_START, GOAL_MB = 10, 1, 1024
WORDS = ["the", "reply", "of", "a", "person", "who", "knows", "what", "to", "do", "**well**", "`now`", "not", "by"]


def write(folder: Path, pairs: int, seed: int = 0) -> None:
    """Pairs of 40 to 120 words, 1.4 a prompt, and calibrated and overconfident scores."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, size)) for size in rng.integers(40, 120, 500)]
    prompts = np.sort(rng.integers(0, int(pairs / 1.4), pairs)).tolist()
    picks = rng.integers(0, 500, (pairs, 2)).tolist()
    records = [
        Preference(f"Question {prompt}?", f"{texts[a]} {index}", f"{texts[b]} {index}.", id=str(index))
        for index, (prompt, (a, b)) in enumerate(zip(prompts, picks, strict=True))
    ]
    with (folder / "pairs.jsonl").open("w") as file:
        file.writelines(json.dumps(record.to_row()) + "\n" for record in records)
    for name, scale in (("one", 1.0), ("two", 3.0)):
        scores = (scale * rng.normal([0.8, 0.0], 1.0, (pairs, 2))).tolist()
        rows = [Scored(r.id, tuple(s), (60, 60), (False, False)) for r, s in zip(records, scores, strict=True)]
        write_scored(folder / f"{name}.jsonl", rows, records, {"name": name, "fingerprint": name})


def main() -> int:
    """Run the command and compare with the goals; 0 when they are reached."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    rmexp = Path(sys.executable).with_name("rmexp")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, pairs)
        common = ["evaluate", "scorer=scored_file", f"draws={DRAWS}"]
        began = time.perf_counter()
        missing = ["data=jsonl", f"data.path={folder / 'no.jsonl'}", f"scorer.path={folder}"]
        subprocess.run([rmexp, *common, *missing], capture_output=True, env={**os.environ}, check=False)
        start = time.perf_counter() - began
        began = time.perf_counter()
        scorers = [f"scorer.path={folder / 'one.jsonl'}", "+scorer@scorers.two=scored_file"]
        data = ["data=jsonl", f"data.path={folder / 'pairs.jsonl'}", f"scorers.two.path={folder / 'two.jsonl'}"]
        command = [rmexp, *common, *scorers, *data, f"run_dir={folder / 'run'}"]
        subprocess.run(command, check=True, env={**os.environ})
        seconds = time.perf_counter() - began
        analysis = json.loads((folder / "run" / "summary.json").read_text())["seconds"]["analysis"]
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{pairs:,} pairs, 2 scorers, 4 rules, 4 slices, {DRAWS:,} draws; the whole command {seconds:.1f} s")
    print(f"analysis {analysis:.1f} s (goal {GOAL_SECONDS}), start-up {start:.2f} s (goal {GOAL_START})")
    print(f"{megabytes:.0f} MB at most (goal {GOAL_MB})")
    return int(analysis > GOAL_SECONDS or start > GOAL_START or megabytes > GOAL_MB)


if __name__ == "__main__":
    sys.exit(main())
