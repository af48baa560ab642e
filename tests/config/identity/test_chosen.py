from pathlib import Path

import pytest
from omegaconf import DictConfig

from rmexp.config.compose import compose, run
from rmexp.config.identity.chosen import chosen_options
from rmexp.config.identity.saved import run_config
from rmexp.config.stages import stage

DEFAULTS = {"data": "json_vs_text", "model": "tiny", "trainer": "default", "callbacks": "default"}


def chosen(verb: str, *overrides: str, of: str | None = None) -> dict[str, str]:
    found = []

    def job(config: DictConfig) -> None:
        found.append(chosen_options(config if of is None else stage(config, of)))

    run(verb, [*overrides, "hydra.output_subdir=null"], None, job)
    return found[0]


@pytest.fixture(autouse=True)
def _elsewhere(here: Path) -> None:
    """Hydra makes folders."""


def test_each_node_has_the_option_that_was_chosen_for_it():
    given = ["task=dpo", "optimizer=muon", "data=jsonl", "data.path=a.jsonl", "+data@tests.more=synthetic"]
    assert chosen("train", *given) == DEFAULTS | {
        "task": "dpo", "loss": "dpo", "optimizer": "muon", "schedule": "cosine", "data": "jsonl",
        "data.format": "columns", "tests.more": "synthetic",
    }  # fmt: skip


def test_a_stage_has_its_own():
    changed = ["optimizer@dpo.optimizer=sgd", "loss@dpo.loss=ipo"]
    own = DEFAULTS | {"schedule": "cosine"}
    assert chosen("compare", *changed, of="dpo") == own | {"loss": "ipo", "optimizer": "sgd"}
    assert chosen("compare", *changed, of="sft") == own | {"loss": "next_token", "optimizer": "adamw"}
    whole = chosen("compare", *changed)
    assert (whole["dpo.optimizer"], whole["sft.optimizer"], whole["data"]) == ("sgd", "adamw", "json_vs_text")


def test_outside_a_job_nobody_has_chosen():
    assert run_config(compose("train", ["logger=csv"])).choices is None
