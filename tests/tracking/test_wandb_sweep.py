"""Sweeps of Weights & Biases: the example, and a process with what an agent puts into its environment."""

import multiprocessing
import os
import sys
from dataclasses import replace
from pathlib import Path

import yaml
from tests.tracking.conftest import tracked_run

from rmexp.config.compose import compose
from rmexp.tracking.trackers import tracked
from rmexp.tracking.weights_and_biases import WeightsAndBiases

SWEEP = yaml.safe_load((Path(__file__).parents[2] / "examples" / "wandb_sweep.yaml").read_text())


def test_every_trial_composes():
    program, verb, *overrides, last = SWEEP["command"]
    assert (program, last) == ("${program}", "${args_no_hyphens}")
    chosen = {name: (given.get("values") or [given["min"]]) for name, given in SWEEP["parameters"].items()}
    for data in chosen["data"]:
        trial = [f"{name}={values[0]}" for name, values in chosen.items() if name != "data"]
        assert compose(verb, [*overrides, f"data={data}", *trial]) is not None


def track(folder, agents):
    """What the process of an agent does: a fork of this one that imports wandb anew."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "wandb"]:
        del sys.modules[name]
    os.environ.pop("WANDB_SERVICE", None)  # that of this process
    os.environ |= agents
    for outer in ("comparison", None, "sweep"):  # a part of a trial, the trial, and another part
        run = replace(tracked_run(folder), belongs_to=outer)
        with tracked({"wandb": WeightsAndBiases(mode="online")}, run) as told:
            told.replay()
        assert told.failed == []


def test_an_agent_has_its_trial_and_a_part_of_it_is_a_run_of_its_own(server, folder, tmp_path):
    swept = tmp_path / "swept.yaml"  # as an agent writes it
    swept.write_text("wandb_version: 1\ndata: {desc: null, value: jsonl}\noptimizer.lr: {desc: null, value: 0.1}\n")
    agents = {"WANDB_SWEEP_ID": "sweep", "WANDB_RUN_ID": "trial", "WANDB_SWEEP_PARAM_PATH": str(swept)}
    process = multiprocessing.get_context("fork").Process(target=track, args=(folder, agents))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    stage = (folder / "wandb" / "run_id").read_text()
    assert set(server.runs) == {"trial", stage}
    assert (server.runs["trial"]["variables"].get("sweep"), server.runs[stage]["variables"].get("sweep")) == (
        "sweep", None
    )  # fmt: skip
    assert server.steps("trial") == server.steps(stage) == list(range(1, 11))
    assert server.config(stage)["data"] == {"pairs": 3}
    trial = server.config("trial")
    assert (trial["data"], trial["data.pairs"]) == ("jsonl", 3)  # the agent lets nothing else be called `data`
    assert (trial["optimizer"], trial["optimizer.lr"]) == ({"lr": 0.1}, 0.1)
