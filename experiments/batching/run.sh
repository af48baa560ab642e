#!/usr/bin/env bash
# The same pairs shuffled, and in batches that keep one prompt together: 12 models. Again: nothing is trained twice.
# usage: DATA=FOLDER experiments/batching/run.sh [OUT], where DATA holds ukpconvarg1/ and what else difficulty/prepare.py reads
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-runs/experiments/batching}
export DIFFICULTY_DATA=$out/data
rmexp=.venv/bin/rmexp

[ -d "$DIFFICULTY_DATA/llmbar_core" ] || .venv/bin/python experiments/difficulty/prepare.py "$DATA" "$DIFFICULTY_DATA"
"$rmexp" train -m --config-dir experiments/difficulty/conf task=reward data=ukpconvarg1 seed=0,1,2 \
  model=tiny model.hidden_size=128 model.layers=4 model.vocabulary=4096 logger=csv trainer.threads=1 trainer.keep=last \
  data.batch_by=null,prompt data.batch_pairs=32,256 optimizer.lr=5e-4 trainer.max_epochs=1 \
  data.cache_dir="$out/cache" sweep_dir="$out/sweep"
"$rmexp" report run_dir="$out/sweep"
.venv/bin/python experiments/batching/tables.py "$out/sweep"
