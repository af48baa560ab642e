"""Benchmarks still run: each is imported, and the arms of the trainings take a step or two."""

import importlib
import json
import subprocess
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


def test_an_arm_that_fails_costs_no_other(tmp_path, monkeypatch, capsys):
    from benchmarks import train

    def measured(arm, folder, given, seed):
        clocked = {"pairs": 16, "seconds": 2.0 if arm == "rmexp" else 8.0, "first_pairs": 8, "first_seconds": 4.0}
        return None if arm == "trl" else {**clocked, "cpu_seconds": 1.0, "megabytes": 100.0, "precision": "bf16"}

    monkeypatch.setattr(train, "measure", measured)
    monkeypatch.setattr(train, "matmul_peak", lambda dtype, device: 1e6)
    monkeypatch.setitem(train.SIZES, "1m", (16, 1, 32, 2))
    arms = "trl,rmexp,trl_grouped"
    own = ["train", "--size", "1m", "--data", "short", "--batch", "2", "--steps", "2", "--rounds", "2", "--arms", arms]
    monkeypatch.setattr("sys.argv", [*own, "--out", f"{tmp_path}/out.json", "--workload", f"{tmp_path}/workload"])
    with pytest.raises(SystemExit, match="failed: trl"):
        train.main()
    rows = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert {row["arm"]: row["times_best_trl"] for row in rows} == {"rmexp": 4.0, "trl_grouped": 1.0}
    assert "| rmexp | 8 |" in capsys.readouterr().out


def test_the_table_of_a_gpu_has_what_is_there(tmp_path):
    from benchmarks.gpu_table import rows

    assert not [*rows(tmp_path)]
    arms = {"rmexp": (60.0, 10.0), "trl_grouped": (20.0, 30.0), "loop_bf16": (30.0, 5.0)}
    trained = [
        {"arm": arm, "pairs_per_second": speed, "megabytes": memory, "share_of_peak": 0.4}
        for arm, (speed, memory) in arms.items()
    ]
    (tmp_path / "dpo_large.json").write_text(json.dumps({"size": "1100m", "batch": 8, "rows": trained}))
    scored = [{"arm": arm, "pairs_per_second": speed} for arm, speed in (("rmexp bf16", 40.0), ("transformers", 10.0))]
    (tmp_path / "score_large.json").write_text(json.dumps({"size": "1100m", "rows": scored}))
    (tmp_path / "reward_small.json").write_text('{"rows": [')  # half written
    (tmp_path / "reward_large.json").write_text(json.dumps({"size": "1100m", "batch": 8, "rows": trained}))
    later = {**trained[1], "arm": "trl_liger", "pairs_per_second": 25.0}
    (tmp_path / "loops_large.json").write_text(json.dumps({"rows": [later]}))
    found = {row.figure: (row.ratio, row.wanted, row.holds) for row in rows(tmp_path)}
    assert found == {
        "DPO, 1100m, 8 pairs a batch, pairs/s": (3.0, "at least 4", False),
        "DPO, 1100m, 8 pairs a batch, MB": (pytest.approx(1 / 3), "at most 0.5", True),
        "reward model, 1100m, 8 pairs a batch, pairs/s": (2.4, "at least 2.5", False),
        "reward model, 1100m, 8 pairs a batch, MB": (pytest.approx(1 / 3), "at most 0.5", True),
        "scoring, 1100m, pairs/s": (4.0, "at least 3", True),
    }


@pytest.mark.parametrize("name", ["gpu.sh", "carry.sh"])
def test_scripts_are_bash(name):
    subprocess.run(["bash", "-n", str(Path(__file__).parents[2] / "benchmarks" / name)], check=True)
