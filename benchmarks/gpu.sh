#!/usr/bin/env bash
# Smoke, equality, speed and memory on a machine with a CUDA device, from the source tree, in under 8 minutes.
#
#   OUT=results benchmarks/gpu.sh                     everything, what matters most first
#   OUT=results STEPS="check dpo" benchmarks/gpu.sh   these alone
#   DEVICE=cpu benchmarks/gpu.sh                      tries the script itself, with little models
#
# A step that fails costs no other. After each of them $OUT has table.md, which has the ratio that is wanted beside each
# figure, steps.txt with exit codes, and all logs and figures in one archive. LIMIT says after how many seconds nothing is
# begun any more and what runs is ended. benchmarks/carry.sh puts what is missing on such a machine into build/carried;
# without dialogues there pairs of the same lengths are drawn.
set -uo pipefail
cd "$(dirname "$0")/.."
OUT=${OUT:-build/gpu} PYTHON=${PYTHON:-python3} DEVICE=${DEVICE:-cuda} LIMIT=${LIMIT:-470}
STEPS=${STEPS:-smoke check reward dpo score compare equality small generation loops}
mkdir -p "$OUT"
SCRATCH=$(mktemp -d -p "$(df --output=avail /dev/shm 2>/dev/null | awk 'NR == 2 && $1 > 2e7 {print "/dev/shm"}')") || SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
WORK=$SCRATCH/work
mkdir "$WORK"
export PYTHONPATH=$PWD/src:$PWD:${PYTHONPATH:-} WANDB_MODE=disabled HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONUNBUFFERED=1
if ls build/carried/*.whl >/dev/null 2>&1 && ! "$PYTHON" -c 'import hydra, trl' 2>/dev/null; then
  "$PYTHON" -m pip install -q --no-index --no-deps --no-compile --target "$SCRATCH/site" build/carried/*.whl >"$WORK/install.log" 2>&1
  PYTHONPATH=$PYTHONPATH:$SCRATCH/site
fi
if [ "$DEVICE" = cpu ]; then
  LARGE=1m SMALL=1m SAMPLED=tiny TRAINER=cpu STEPS_A_RUN=6 WARM=3 PAIRS=48
else
  LARGE=1100m SMALL=100m SAMPLED=100m TRAINER=gpu STEPS_A_RUN=24 WARM=8 PAIRS=192
fi
export RMEXP_TEST_DEVICE=$DEVICE

asked() { [[ " $STEPS " == *" $1 "* ]]; }

step() { # a name, seconds at most, and a command: its words go to a file of the name
  local name=$1 most=$2 began=$SECONDS left=$((LIMIT - SECONDS)) code
  shift 2
  if [ "$left" -lt 10 ]; then
    echo "$name: no time left" | tee -a "$OUT/steps.txt"
    return
  fi
  timeout --kill-after=5 "$((most < left ? most : left))" "$@" >"$WORK/$name.log" 2>&1
  code=$?
  echo "$name: exit code $code, $((SECONDS - began)) s" | tee -a "$OUT/steps.txt"
  [ "$code" = 0 ] || tail -n 3 "$WORK/$name.log"
  show
}

show() { # few files, none of them large: not every machine gives back more
  "$PYTHON" -m benchmarks.gpu_table "$WORK" >"$OUT/table.md"
  tar -czf "$OUT/everything.tar.gz" --exclude=model --exclude=reference --exclude='*.ckpt' -C "$WORK" . 2>/dev/null
}

train() { # name, seconds, task, size, pairs a batch, arms
  step "$1" "$2" "$PYTHON" -m benchmarks.train --task "$3" --size "$4" --batch "$5" --arms "$6" --device "$DEVICE" --rounds 1 \
    --steps "$STEPS_A_RUN" --warm-up "$WARM" --workload "$SCRATCH/$4" --out "$WORK/$1.json"
}

compare() { # name, seconds, trainer
  step "$1" "$2" "$PYTHON" -m rmexp compare data=json_vs_text model=tiny "trainer=$3" logger=csv "run_dir=$WORK/$1"
}

checked() { # name, seconds, further arguments of pytest
  step "$1" "$2" "$PYTHON" -m pytest -m gpu -n 0 -p no:cacheprovider --basetemp "$SCRATCH/tests" "${@:3}" tests/gpu
}

: >"$OUT/steps.txt"
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv >"$WORK/device.txt" 2>&1
"$PYTHON" -c 'import torch; print(torch.__version__, torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU")' | tee -a "$WORK/device.txt"
TRL=
"$PYTHON" -c 'import trl' 2>/dev/null && TRL=,trl_grouped
LIGER=
[ "$DEVICE" != cpu ] && "$PYTHON" -c 'import trl, liger_kernel' 2>/dev/null && LIGER=trl_liger,
QUICK='rewards or kernel'

asked smoke && step smoke 60 "$PYTHON" -m rmexp train task=reward data=json_vs_text model=tiny "trainer=$TRAINER" logger=csv "run_dir=$WORK/smoke"
asked check && checked check 60 -k "$QUICK"
asked reward && train reward_large 130 reward "$LARGE" 8 "rmexp${TRL:-,loop_bf16}"
asked dpo && train dpo_large 130 dpo "$LARGE" 8 "rmexp${TRL:-,loop_bf16}"
asked score && step score_large 70 "$PYTHON" -m benchmarks.score --device "$DEVICE" --size "$LARGE" --rounds 2 --pairs "$PAIRS" \
  --workload "$SCRATCH/$LARGE" --out "$WORK/score_large.json"
asked compare && compare compare 90 "$TRAINER"
if asked equality; then # beside it the processor compares, which takes one of its threads
  if asked compare; then CUDA_VISIBLE_DEVICES='' compare compare_cpu 150 cpu & fi
  checked equality 150 -k "not ($QUICK)"
  wait
elif asked compare; then
  CUDA_VISIBLE_DEVICES='' compare compare_cpu 150 cpu
fi
asked small && train reward_small 90 reward "$SMALL" 32 "rmexp${TRL:-,loop_bf16}"
asked generation && step generation 90 "$PYTHON" -m benchmarks.generation --size "$SAMPLED" --rounds 2 --device "$DEVICE" --out "$WORK/generation.json"
asked loops && train loops_large 120 reward "$LARGE" 8 "${LIGER}loop_bf16,loop"
cat "$OUT/steps.txt" "$OUT/table.md"
! grep -qv "exit code 0" "$OUT/steps.txt"
