#!/usr/bin/env bash
# Puts into build/carried what benchmarks/gpu.sh wants on a machine that nothing can be fetched on: wheels of packages
# that images with torch seldom have, and real dialogues. The folder is ignored by git: name it where ignored paths
# travel along.
#
#   benchmarks/carry.sh [version of Python there, 3.12]
set -euo pipefail
cd "$(dirname "$0")/.."
VERSION=${1:-3.12}
PIP=(python3 -m pip --quiet --disable-pip-version-check)
mkdir -p build/carried
cp -f ../shared/data/hh_helpful_base_test/pairs.jsonl.gz build/carried/ || echo "no dialogues: their lengths are drawn"
grep -E '^(antlr4-python3-runtime|hydra-core|omegaconf|datasets|dill|multiprocess)==' requirements/lock.txt >build/carried/wanted.txt
printf 'trl>=1.16,<2\nliger-kernel\n' >>build/carried/wanted.txt
while read -r package; do
  # Of one of them there is source alone.
  "${PIP[@]}" download --no-deps --only-binary=:all: --python-version "$VERSION" --dest build/carried "$package" 2>/dev/null ||
    "${PIP[@]}" wheel --no-deps --wheel-dir build/carried "$package"
done <build/carried/wanted.txt
du -sh build/carried
