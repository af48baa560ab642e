#!/usr/bin/env bash
# Does online reinforcement learning learn? A known reward of synthetic replies, and JSON by a trained reward model.
# usage: experiments/online_rl/run.sh [OUT]
#   SEEDS (0 1 2), GOLD_SEEDS (0 1 2 3 4 5), PARTS (gold json json_flat); about an hour on one idle thread; what is there
#   already is not made again
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-runs/experiments/online_rl}
rmexp=${RMEXP:-.venv/bin/rmexp}
read -ra seeds <<< "${SEEDS:-0 1 2}"
read -ra gold_seeds <<< "${GOLD_SEEDS:-0 1 2 3 4 5}"
declare -A gold=([gae]="optimizer.lr=1e-3" [rloo]="optimizer.lr=7e-4") # chosen with seeds 0 to 2
declare -A json=([gae]="optimizer.lr=2e-4 value_model=policy" [rloo]="optimizer.lr=2e-4") # with seeds 0 and 1
read -ra parts <<< "${PARTS:-gold json json_flat}"
common=(model=tiny logger=csv trainer.threads=1 trainer.keep=last)
quiet=(rollouts.shown=2 callbacks.progress.line_every_steps=10)

wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }

if wants gold; then
  for seed in "${gold_seeds[@]}"; do
    data=(data=synthetic "${common[@]}" seed="$seed")
    "$rmexp" train task=sft "${data[@]}" run_dir="$out/gold/sft/$seed"
    for estimator in gae rloo; do
      # shellcheck disable=SC2086
      "$rmexp" train task=ppo "${data[@]}" "${quiet[@]}" scorer=gold scorer@gold=gold model.reference="$out/gold/sft/$seed/model" \
        estimator=$estimator ${gold[$estimator]} rollouts.iterations=30 run_dir="$out/gold/$estimator/$seed"
    done
  done
fi

# The reward model learns from the pairs, and from samples of the reference: those that parse before those that do not.
train_on_json() { # PART LAYOUTS
  local made=$out/$1 layouts=$2
  for seed in "${seeds[@]}"; do
    data=(data=json_vs_text data.pairs=2304 "data.layouts=$layouts" "${common[@]}" seed="$seed")
    reference=$made/sft/$seed/model
    "$rmexp" train task=sft "${data[@]}" optimizer.lr=5e-3 trainer.max_epochs=16 run_dir="$made/sft/$seed"
    "$rmexp" best-of-n data=json_vs_text data.pairs=2304 "data.layouts=$layouts" candidates.policy="$reference" \
      candidates.split=train candidates.prompts=400 candidates.n=8 candidates.max_new_tokens=96 threads=1 seed="$seed" \
      scorer=baseline scorer.kind=json scorer@gold=baseline gold.kind=json run_dir="$made/pool/$seed"
    "$rmexp" train task=reward data=mixture data.until=repeat +data@data.parts.topics=json_vs_text data.parts.topics.pairs=2304 \
      "data.parts.topics.layouts=$layouts" +data@data.parts.samples=jsonl \
      data.parts.samples.path="$made/pool/$seed/candidates.jsonl" data/format@data.parts.samples.format=ranked \
      data.parts.samples.format.pairing.ties=drop "${common[@]}" seed="$seed" model.reference="$reference" optimizer.lr=1e-3 \
      trainer.max_epochs=2 run_dir="$made/reward/$seed"
    for estimator in gae rloo; do
      # shellcheck disable=SC2086
      "$rmexp" train task=ppo "${data[@]}" "${quiet[@]}" scorer.path="$made/reward/$seed/model" scorer@gold=baseline gold.kind=json \
        model.reference="$reference" estimator=$estimator ${json[$estimator]} rollouts.iterations=50 rollouts.max_new_tokens=96 \
        run_dir="$made/$estimator/$seed"
    done
  done
}

if wants json; then train_on_json json null; fi
if wants json_flat; then train_on_json json_flat "[flat compact]"; fi

.venv/bin/python experiments/online_rl/tables.py "$out" experiments/online_rl/results
