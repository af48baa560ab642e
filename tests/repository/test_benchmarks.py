"""Benchmarks still run: each is imported, and the arms of the trainings take a step or two."""

import importlib
from pathlib import Path

import pytest

NAMES = sorted(path.stem for path in (Path(__file__).parents[2] / "benchmarks").glob("[!_]*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_is_imported(name):
    assert callable(getattr(importlib.import_module(f"benchmarks.{name}"), "main", print))


@pytest.mark.parametrize("arm", ["rmexp", "loop_bf16"])
@pytest.mark.parametrize("task", ["reward", "dpo"])
def test_the_arms_train(task, arm, tmp_path, monkeypatch):
    from benchmarks import train_arm, workload

    monkeypatch.setitem(workload.SIZES, "1m", (16, 1, 32, 2))
    workload.prepare(tmp_path, "1m", "short", 4, 0)
    clock = train_arm.Clock(1)
    pairs = workload.synthetic_pairs("short", 4, 0)
    train_arm.ARMS[arm](task, tmp_path, [pairs[:2], pairs[2:]], clock)
    figures = clock.result()
    assert (figures["first_pairs"], figures["pairs"]) == (2, 2)
