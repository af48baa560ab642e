#!/usr/bin/env bash
# Smoke, equality, speed and memory on a machine with a CUDA device, from the source tree; results go to $OUT.
# DEVICE=cpu tries the script itself, with little models, where there is none.
# Real dialogues are taken from ../shared where they are, else pairs of the same lengths are drawn.
#
#   OUT=results benchmarks/gpu.sh
set -uo pipefail
cd "$(dirname "$0")/.."
OUT=${OUT:-build/gpu}
mkdir -p "$OUT"
export PYTHONPATH=src:. WANDB_MODE=disabled HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
PYTHON=${PYTHON:-python3}
DEVICE=${DEVICE:-cuda}
if [ "$DEVICE" = cpu ]; then LARGE=1m SMALL=1m TINY=tiny TRAINER=cpu; else LARGE=1100m SMALL=100m TINY=100m TRAINER=gpu; fi

step() { # a name, seconds at most, and a command: its words go to a file of the name
  local name=$1 most=$2
  shift 2
  local began=$SECONDS
  timeout "$most" "$@" >"$OUT/$name.log" 2>&1
  echo "$name: exit code $?, $((SECONDS - began)) s" | tee -a "$OUT/steps.txt"
}

: >"$OUT/steps.txt"
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv >"$OUT/device.txt" 2>&1
"$PYTHON" -c 'import torch; print(torch.__version__, torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU")' | tee -a "$OUT/device.txt"
step smoke 60 "$PYTHON" -m rmexp train task=reward data=json_vs_text model=tiny "trainer=$TRAINER" logger=csv "run_dir=$OUT/smoke"
step equality 150 "$PYTHON" -m pytest -m gpu -n 0 -p no:cacheprovider tests
step compare 90 "$PYTHON" -m rmexp compare data=json_vs_text model=tiny "trainer=$TRAINER" logger=csv "run_dir=$OUT/compare"
step fsdp 60 "$PYTHON" -m rmexp train task=reward trainer=fsdp trainer.devices=1 logger=csv "run_dir=$OUT/fsdp"
ARMS=loop,loop_bf16,rmexp_fp32,rmexp
"$PYTHON" -c 'import trl' 2>/dev/null && ARMS=$ARMS,trl_grouped
BRIEF=(--device "$DEVICE" --rounds 1 --steps 30 --warm-up 10)
step train 240 "$PYTHON" -m benchmarks.train "${BRIEF[@]}" --size "$LARGE" --arms "$ARMS" --out "$OUT/train.json"
step train_100m 90 "$PYTHON" -m benchmarks.train "${BRIEF[@]}" --size "$SMALL" --batch 32 --arms "$ARMS" --out "$OUT/train_100m.json"
step score 60 "$PYTHON" -m benchmarks.score --device "$DEVICE" --size "$SMALL" --rounds 2
step generation 90 "$PYTHON" -m benchmarks.generation --size "$TINY" --rounds 3 --device "$DEVICE"
cat "$OUT/steps.txt"
! grep -qv "exit code 0" "$OUT/steps.txt"
