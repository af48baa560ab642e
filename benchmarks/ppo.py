"""Time of PPO iterations of the tiny model: `python -m benchmarks.ppo [ITERATIONS]`.

64 prompts with responses of up to 48 new tokens, which nearly all of them have, the gold reward, 2 epochs of 4
minibatches, a value head on the policy's own states. Lightning, logging and checkpoints are in it, as `rmexp train
task=ppo` has them; what is told is the median over iterations of each part, after one that warms up.
"""

import statistics
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from rmexp.cli import main as rmexp
from rmexp.tracking.metrics_csv import read_metrics

DATA = ["data=synthetic", "data.pairs=512", "data.val_pairs=64", "data.test_pairs=64", "data.cache_dir=null"]
QUIET = ["logger=csv", "trainer.threads=1", "rollouts.shown=0", "callbacks.progress.line_every_steps=1000"]
SIZE = ["rollouts.samples=64", "rollouts.max_new_tokens=48", "update.epochs=2", "update.minibatches=4"]
PARTS = ("generation", "scoring", "update")


def main(iterations: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "run")
        # A reference that has learnt nothing writes on and on: nearly every response has all its tokens.
        untrained = ["sft.optimizer.lr=1e-9", "sft.trainer.max_epochs=1", "optimizer.lr=1e-9"]
        options = [*DATA, *QUIET, *SIZE, *untrained, f"rollouts.iterations={iterations + 1}", f"run_dir={run}"]
        if rmexp(["train", "task=ppo", "scorer=gold", "model=tiny", *options]):
            sys.exit(1)
        rows = read_metrics(run / "metrics.csv")
    took = [float(later["seconds"]) - float(row["seconds"]) for row, later in pairwise(rows)]
    tokens = statistics.fmean(float(row["rollout/tokens"]) for row in rows[1:])
    print(f"64 responses of {tokens:.1f} tokens, median of {iterations} iterations:")
    for part in PARTS:
        print(f"  {part:10}  {1000 * statistics.median(float(row[f'seconds/{part}']) for row in rows[1:]):.0f} ms")
    print(f"  all         {1000 * statistics.median(took):.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
