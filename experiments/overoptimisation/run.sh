#!/usr/bin/env bash
# Proxy reward models of several sizes and label noise, optimised by best-of-n and by PPO and RLOO, judged by the gold reward.
# usage: experiments/overoptimisation/run.sh [OUT]
#   SIZES  pairs of the proxies (100 500 2000 8000), SEEDS of each (0,1,2,3,4), NOISES of their labels (0.0 0.25),
#   KLS  coefficients (0.0 0.05 0.1), ESTIMATORS (gae rloo), ITERATIONS (60), PARTS (bon rl noisy_rl ensemble dpo)
# All of it is about two and a half hours on one idle thread; what is there already is not made again.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-runs/experiments/overoptimisation}
rmexp=${RMEXP:-.venv/bin/rmexp}
read -ra sizes <<< "${SIZES:-100 500 2000 8000}"
read -ra noises <<< "${NOISES:-0.0 0.25}"
read -ra kls <<< "${KLS:-0.0 0.05 0.1}"
read -ra estimators <<< "${ESTIMATORS:-gae rloo}"
read -ra parts <<< "${PARTS:-bon rl noisy_rl ensemble dpo}"
seeds=${SEEDS:-0,1,2,3,4}
declare -A epochs=([100]=30 [500]=6 [2000]=2 [8000]=1) # about 200 steps, with 8,000 pairs 500
common=(data=synthetic data.test_pairs=300 model=tiny logger=csv trainer.threads=1 trainer.keep=last)
learner=(rollouts.iterations="${ITERATIONS:-60}" rollouts.samples=64 rollouts.max_new_tokens=48 rollouts.shown=0 kl.limit=1000
  callbacks.progress.line_every_steps=1000 data.val_pairs=256 optimizer.lr=1e-4 update.epochs=2)

wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }

"$rmexp" train task=sft "${common[@]}" run_dir="$out/sft"
sft=$out/sft/model

for noise in "${noises[@]}"; do
  for size in "${sizes[@]}"; do
    "$rmexp" train -m task=reward "${common[@]}" model.reference="$sft" data.pairs=16000 data.val_pairs=256 data.train_pairs="$size" \
      data.label_noise="$noise" data.batch_pairs=16 optimizer.lr=1e-3 trainer.max_epochs="${epochs[$size]}" \
      seed="$seeds" 'data.sample_seed=${seed}' \
      run_dir="$out/proxy/$size-$noise/"'${seed}' sweep_dir="$out/proxy/$size-$noise" < /dev/null
  done
done

proxies() { # NOISE...: seed by seed, so that what has been run so far is a whole
  for seed in ${seeds//,/ }; do
    for noise in "$@"; do
      for size in "${sizes[@]}"; do echo "$out/proxy/$size-$noise/$seed"; done
    done
  done
}

if wants bon; then
  pool=(data=synthetic candidates.prompts=8 candidates.n=1024 candidates.max_new_tokens=48 threads=1)
  for proxy in $(proxies "${noises[@]}"); do
    name=${proxy#"$out/proxy/"}
    source=(candidates.policy="$sft")
    [ -f "$out/pool.jsonl" ] && source=(candidates.path="$out/pool.jsonl")
    "$rmexp" best-of-n "${pool[@]}" "${source[@]}" scorer.path="$proxy/model" scorer@gold=gold run_dir="$out/bon/$name"
    [ -f "$out/pool.jsonl" ] || cp "$out/bon/$name/candidates.jsonl" "$out/pool.jsonl"
  done
fi

against_proxies() { # ESTIMATORS KLS NOISE
  for proxy in $(proxies "$3"); do
    for estimator in $1; do
      for kl in $2; do
        "$rmexp" train task=ppo "${common[@]}" "${learner[@]}" model.reference="$sft" estimator="$estimator" \
          kl.coefficient="$kl" scorer=explicit scorer.path="$proxy/model" scorer@gold=gold seed="${proxy##*/}" \
          run_dir="$out/rl/$estimator/kl$kl/${proxy#"$out/proxy/"}" || true # a policy that collapses leaves its curve
      done
    done
  done
}

if wants rl; then against_proxies "${estimators[*]}" "${kls[*]}" 0.0; fi
if wants noisy_rl; then against_proxies gae "0.0 0.1" 0.25; fi

if wants ensemble; then
  for size in "${sizes[@]}"; do
    members=()
    for proxy in "$out/proxy/$size-0.0/"*/; do
      name=m$(basename "$proxy")
      members+=("+scorer@scorer.members.$name=centred" "scorer.members.$name.path=${proxy}model" "scorer.members.$name.standardised=true")
    done
    for reduction in mean min mean_minus_sd; do
      "$rmexp" train task=ppo "${common[@]}" "${learner[@]}" model.reference="$sft" kl.coefficient=0.0 scorer=ensemble \
        "${members[@]}" scorer.reduction=$reduction scorer@gold=gold run_dir="$out/ensemble/$reduction/$size" || true
    done
  done
fi

if wants dpo; then
  for size in "${sizes[@]}"; do
    for beta in 0.03 0.1 0.3; do
      run=$out/dpo/$size/$beta
      "$rmexp" train task=dpo "${common[@]}" model.reference="$sft" data.train_pairs="$size" loss.beta=$beta run_dir="$run/policy"
      "$rmexp" best-of-n data=synthetic candidates.policy="$run/policy/model" candidates.prompts=16 candidates.n=16 \
        candidates.max_new_tokens=48 threads=1 scorer=gold scorer@gold=gold run_dir="$run/samples"
      "$rmexp" score data=candidates data.path="$run/samples/candidates.jsonl" scorer=implicit scorer.policy="$run/policy/model" \
        scorer.reference="$sft" scorer.beta=1.0 threads=1 run_dir="$run/divergence"
    done
  done
fi

.venv/bin/python experiments/overoptimisation/tables.py "$out" experiments/overoptimisation/results
