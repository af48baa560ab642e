"""The example of a sweep of Weights & Biases is one that can be run."""

from pathlib import Path

import yaml

from rmexp.config.compose import compose

SWEEP = yaml.safe_load((Path(__file__).parents[2] / "examples" / "wandb_sweep.yaml").read_text())


def test_every_trial_composes():
    program, verb, *overrides, last = SWEEP["command"]
    assert (program, last) == ("${program}", "${args_no_hyphens}")
    chosen = {name: (given.get("values") or [given["min"]]) for name, given in SWEEP["parameters"].items()}
    for data in chosen["data"]:
        trial = [f"{name}={values[0]}" for name, values in chosen.items() if name != "data"]
        assert compose(verb, [*overrides, f"data={data}", *trial]) is not None
