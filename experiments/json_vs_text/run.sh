#!/usr/bin/env bash
# Three seeds of both data sets, then the tables. About 2 minutes for json_vs_text and 40 for ukpconvarg1 on one thread.
# usage: experiments/json_vs_text/run.sh [FOLDER]     UKPCONVARG1=PAIRS.jsonl.gz adds the second data set
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-runs/experiments/json_vs_text}
for seed in 0 1 2; do
  .venv/bin/rmexp compare data=json_vs_text model=tiny trainer.keep=last seed=$seed data.seed=$seed run_dir="$out/json_vs_text/seed$seed"
done
if [ -n "${UKPCONVARG1:-}" ]; then
  for seed in 0 1 2; do
    .venv/bin/rmexp compare data=jsonl data.path="$UKPCONVARG1" data.group=meta.topic model=tiny data.max_tokens=256 \
      seed=$seed data.split_seed=$seed trainer.threads=1 trainer.keep=last logger=csv sft.trainer.max_epochs=1 reward.trainer.max_epochs=1 \
      dpo.trainer.max_epochs=1 run_dir="$out/ukpconvarg1/seed$seed"
    # The same reference and reward model with a policy trained ten times more gently.
    .venv/bin/rmexp compare data=jsonl data.path="$UKPCONVARG1" data.group=meta.topic model=tiny data.max_tokens=256 \
      seed=$seed data.split_seed=$seed trainer.threads=1 trainer.keep=last logger=csv dpo.trainer.max_epochs=1 dpo.optimizer.lr=5e-5 \
      model.reference="$out/ukpconvarg1/seed$seed/sft/model" reward.path="$out/ukpconvarg1/seed$seed/reward/model" \
      run_dir="$out/ukpconvarg1_dpo_lr5e-5/seed$seed"
  done
fi
.venv/bin/python experiments/json_vs_text/tables.py "$out"
