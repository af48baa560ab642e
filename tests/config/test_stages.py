import pytest
from omegaconf import OmegaConf

from rmexp.config.compose import compose
from rmexp.config.identity.values import without_implied
from rmexp.config.stages import stage, stage_names


def content(config):
    return OmegaConf.to_container(config, resolve=False)


def test_the_stages_are_the_nodes_with_a_task():
    assert set(stage_names(compose("compare", []))) == {"sft", "reward", "dpo"}
    assert stage_names(compose("train", [])) == []


@pytest.mark.parametrize("name", ["sft", "reward", "dpo"])
@pytest.mark.parametrize("shared", [[], ["data=jsonl", "data.path=x", "trainer=smoke", "seed=3", "experiment=post"]])
def test_a_stage_is_what_train_composes_from_the_same_choices(name, shared):
    inside = stage(compose("compare", [*shared, f"{name}.optimizer.lr=0.5", "run_dir=there"]), name)
    alone = compose("train", [f"task={name}", *shared, "optimizer.lr=0.5"])
    plan = {key: value for key, value in content(alone).items() if key in ("plan", "plan_flops")}  # of `train` alone
    assert content(inside) | plan == content(alone)
    assert without_implied(plan) == {}  # so that both are the same run


def test_interpolations_stay_and_lead_to_the_shared_groups():
    inside = stage(compose("compare", ["model.recipe.dpo.lr=0.25"]), "dpo")
    assert content(inside)["optimizer"]["lr"] == "${model.recipe.dpo.lr}"
    assert inside.optimizer.lr == 0.25


def test_the_whole_is_left_as_it_was():
    whole = compose("compare", ["dpo.path=x"])
    before = content(whole)
    stage(whole, "dpo").seed = 9
    assert content(whole) == before
