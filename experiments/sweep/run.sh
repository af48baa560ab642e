#!/usr/bin/env bash
# Learning rate, epochs and data set, three seeds: 54 tiny models, about four minutes. Again: nothing is trained twice.
# OUT is where runs go (runs/experiments/sweep by default).
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${OUT:-runs/experiments/sweep}
rmexp=${RMEXP:-.venv/bin/rmexp}

"$rmexp" train -m task=reward model=tiny model.hidden_size=32 logger=csv trainer.threads=1 trainer.keep=last \
  data=synthetic_easy,synthetic,synthetic_hard data.pairs=500 data.val_pairs=100 data.test_pairs=400 \
  optimizer.lr=3e-4,1e-3,3e-3 trainer.max_epochs=1,4 seed=0,1,2 sweep_dir="$out" "$@"
"$rmexp" report run_dir="$out"
cp "$out/leaderboard.csv" "$out/leaderboard.md" experiments/sweep/results/
