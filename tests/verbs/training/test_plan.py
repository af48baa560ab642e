"""`plan=true` shows what a run would take and makes none."""

from pathlib import Path

import pytest

from rmexp.cli import main

SMALL = ["data.pairs=40", "data.unseen_pairs=10", "logger=csv", "run_dir=run"]


def test_a_plan_is_a_table_and_no_run(here, capsys):
    assert main(["train", "task=reward", "plan=true", "plan_flops=1e9", *SMALL]) == 0
    told = capsys.readouterr().out
    for name in ("8 ddp", "64 fsdp", "optimizer", "activations", "peak", "1e+09 operations a second"):
        assert name in told
    assert not Path("run").exists()


def test_adapters_need_less(here, capsys, four_bits):
    beside = ["model.trained=adapters", "model.load=4bit"]
    assert main(["train", "task=reward", "plan=true", *beside, *SMALL]) == 0
    assert ", 38,848 of them in adapters, " in capsys.readouterr().out


@pytest.mark.parametrize(("overrides", "words"), [(["task=ppo", "scorer=baseline"], "plan=true is for task=sft")])
def test_what_has_no_plan_is_told(here, capsys, overrides, words):
    assert main(["train", "plan=true", *overrides, *SMALL]) == 1
    assert words in capsys.readouterr().err
