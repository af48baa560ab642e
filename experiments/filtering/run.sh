#!/usr/bin/env bash
# Turns labels round, filters them by a reward model that has not seen them, trains on what is left, and makes the tables.
# usage: DATA=FOLDER experiments/filtering/run.sh [OUT [SET...]]
#   DATA  holds ukpconvarg1/ (source in the README)
# About 25 minutes on one idle thread. What is there already is not made again.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-runs/experiments/filtering}
sets=("${@:2}")
[ ${#sets[@]} -gt 0 ] || sets=(synthetic ukpconvarg1)
rmexp=${RMEXP:-.venv/bin/rmexp}
cells=(data.name=noise10,noise20,noise30 seed=0,1,2)
declare -A recipe=(
  [synthetic]="optimizer.lr=2e-3 trainer.max_epochs=3 data.batch_pairs=64"
  [ukpconvarg1]="model.vocabulary=4096 optimizer.lr=2e-3 trainer.max_epochs=1 data.max_tokens=256 data.batch_by=prompt data.batch_pairs=64 data.group=meta.topic"
)

train() { # SET PART: a reward model on each cell's part, judged on its clean test pairs
  local files=$out/data/$1/'${data.name}/${seed}'
  # shellcheck disable=SC2086
  "$rmexp" train -m task=reward model=tiny data=jsonl "${cells[@]}" ${recipe[$1]} logger=csv trainer.threads=1 trainer.keep=last \
    data.cache_dir=null data.leaks=ignore data.path="$files/$2.jsonl" data.val_path="$files/val.jsonl" data.test_path="$files/test.jsonl" \
    run_dir="$out/train/$1/$2/"'${data.name}/${seed}' sweep_dir="$out/train/$1/$2" < /dev/null
}

filter() { # SET NAME PART MODEL: each cell's part, by the model trained on another part
  "$rmexp" filter -m data=jsonl "${cells[@]}" scorer=explicit scorer.path="$out/train/$1/$4/"'${data.name}/${seed}/model' \
    data.cache_dir=null data.max_tokens=256 threads=1 data.path="$out/data/$1/"'${data.name}/${seed}'"/$3.jsonl" \
    run_dir="$out/filter/$1/$2/"'${data.name}/${seed}' sweep_dir="$out/filter/$1/$2" < /dev/null
}

[ -d "$out/data/ukpconvarg1/noise30/2" ] || .venv/bin/python experiments/filtering/prepare.py "$DATA/ukpconvarg1" "$out/data"

for set in "${sets[@]}"; do
  train "$set" all
  train "$set" a
  train "$set" b
  filter "$set" a a b
  filter "$set" b b a
  filter "$set" seen all all
  .venv/bin/python experiments/filtering/join.py "$out/data" "$out/filter" "$set"
  for part in filtered seen random right; do
    train "$set" $part
  done
done
.venv/bin/python experiments/filtering/tables.py "$out" experiments/filtering/results
