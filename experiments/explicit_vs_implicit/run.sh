#!/usr/bin/env bash
# Three data sets, a comparison for each seed, then the tables. What is there already is not made again.
# usage: experiments/explicit_vs_implicit/run.sh [OUT [SEED...]]
#   UKPCONVARG1, HH (human preferences in dialogues) and LLMBAR, each a PAIRS.jsonl.gz, add the third data set
#   PARTS="json_vs_text synthetic ukpconvarg1 evaluation" chooses among them and the evaluation
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-runs/experiments/explicit_vs_implicit}
seeds=("${@:2}")
[ ${#seeds[@]} -gt 0 ] || seeds=(0 1 2)
parts=" ${PARTS:-json_vs_text synthetic ukpconvarg1 evaluation} "
rmexp=${RMEXP:-.venv/bin/rmexp}
common=(model=tiny logger=csv trainer.threads=1 trainer.keep=last data.cache_dir="$out/cache")

json_vs_text() { # SEED
  "$rmexp" compare "${common[@]}" data=json_vs_text seed="$1" data.seed="$1" trainer.validate_every_steps=5 \
    +data@tests.synthetic=synthetic tests.synthetic.test_pairs=500 run_dir="$out/json_vs_text/seed$1"
}

synthetic() { # SEED
  local data=(data=synthetic data.seed="$1" data.pairs=3000 data.test_pairs=1000 data.batch_pairs=32
    data.cache_dir="$out/cache")
  "$rmexp" compare "${common[@]}" "${data[@]}" seed="$1" trainer.validate_every_steps=25 reward.optimizer.lr=2e-3 \
    sft.trainer.max_epochs=2 shift_pairs=300 +data@tests.json_vs_text=json_vs_text run_dir="$out/synthetic/seed$1"
  "$rmexp" score scorer=gold "${data[@]}" run_dir="$out/gold/seed$1"
}

ukpconvarg1() { # SEED
  local files=$out/ukp/$1
  local data=(data=jsonl data.name=ukpconvarg1 data.path="$files/train.jsonl" data.val_path="$files/val.jsonl"
    data.test_path="$files/test.jsonl" data.max_tokens=192 data.leaks=ignore slices="[meta.topic]" seed="$1"
    trainer.validate_every_steps=25 sft.trainer.max_epochs=1 reward.trainer.max_epochs=1 dpo.trainer.max_epochs=1
    shift_pairs=300 +data@tests.hh_helpful=jsonl tests.hh_helpful.path=null tests.hh_helpful.test_path="$out/ukp/hh_helpful.jsonl")
  "$rmexp" compare "${common[@]}" "${data[@]}" run_dir="$out/ukpconvarg1/seed$1"
  # The same reference and reward model with a policy whose reward is a mean over the response's tokens.
  "$rmexp" compare "${common[@]}" "${data[@]}" loss@dpo.loss=length_normalised_dpo \
    model.reference="$out/ukpconvarg1/seed$1/sft/model" reward.path="$out/ukpconvarg1/seed$1/reward/model" \
    run_dir="$out/ukpconvarg1_mean/seed$1"
}

again() { # SEED: both models once more, trained with another seed on the pairs of seed 0
  local files=$out/ukp/0
  "$rmexp" compare "${common[@]}" data=jsonl data.name=ukpconvarg1 data.path="$files/train.jsonl" data.val_path="$files/val.jsonl" \
    data.test_path="$files/test.jsonl" data.max_tokens=192 data.leaks=ignore seed="$1" sft.trainer.max_epochs=1 \
    reward.trainer.max_epochs=1 dpo.trainer.max_epochs=1 run_dir="$out/ukpconvarg1_again/seed$1"
}

evaluation() { # both rewards over three seeds, and rules, on debates never seen and on the adversarial core of LLMBar
  local models=(scorer=explicit scorer.name=explicit0 scorer.path="$out/ukpconvarg1/seed0/reward/model"
    +scorer@scorers.implicit0=implicit scorers.implicit0.policy="$out/ukpconvarg1/seed0/dpo/model"
    scorers.implicit0.reference="$out/ukpconvarg1/seed0/sft/model")
  for seed in 1 2; do
    local folder=$out/ukpconvarg1_again/seed$seed
    models+=(+scorer@scorers.explicit$seed=explicit scorers.explicit$seed.path="$folder/reward/model"
      +scorer@scorers.implicit$seed=implicit scorers.implicit$seed.policy="$folder/dpo/model"
      scorers.implicit$seed.reference="$folder/sft/model")
  done
  "$rmexp" evaluate "${models[@]}" "seeds.explicit=[explicit0,explicit1,explicit2]" \
    "seeds.implicit=[implicit0,implicit1,implicit2]" baselines="[longer,shorter,markdown,random,bag_of_words]" \
    data=jsonl data.name=unseen_debates data.path="$out/ukp/0/test.jsonl" data.max_tokens=192 threads=1 slices="[meta.topic]" \
    +data@tests.llmbar_core=jsonl tests.llmbar_core.path="$out/ukp/llmbar_core.jsonl" tests.llmbar_core.max_tokens=192 \
    data.cache_dir="$out/cache" run_dir="$out/evaluation"
}

for part in json_vs_text synthetic; do
  [[ $parts != *" $part "* ]] || for seed in "${seeds[@]}"; do "$part" "$seed"; done
done
if [[ -n ${UKPCONVARG1:-} && -n ${HH:-} && -n ${LLMBAR:-} ]]; then
  prepare=experiments/explicit_vs_implicit/prepare.py
  [ -f "$out/ukp/llmbar_core.jsonl" ] || .venv/bin/python "$prepare" "$UKPCONVARG1" "$HH" "$LLMBAR" "$out/ukp"
  [[ $parts != *" ukpconvarg1 "* ]] || for seed in "${seeds[@]}"; do ukpconvarg1 "$seed"; done
  if [[ $parts == *" evaluation "* ]]; then
    again 1
    again 2
    evaluation
    .venv/bin/python experiments/explicit_vs_implicit/evaluation.py "$out/evaluation"
  fi
fi
.venv/bin/python experiments/explicit_vs_implicit/tables.py "$out"
