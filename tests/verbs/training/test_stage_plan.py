from functools import partial

import pytest
from omegaconf import OmegaConf

from rmexp.config.compose import compose
from rmexp.data.loaded import LoadedData
from rmexp.preference_data import PreferenceData
from rmexp.verbs.training.parts import stage_parts
from rmexp.verbs.training.plan import stage_plan

DATA = LoadedData(PreferenceData({}), "d", None, None, None, "d1")
PPO = ("task=ppo", "data=synthetic", "scorer=gold")


def test_ppo_without_a_reference_asks_for_one():
    plan = stage_plan(compose("train", PPO), DATA, {})
    assert (plan.task, plan.reference.task, plan.reference.reference) == ("ppo", "sft", None)
    asked = OmegaConf.create(plan.reference.config.text)
    assert (asked.module.sides, asked.data.name, asked.model.reference) == ("both", "synthetic", None)
    assert "scorer" not in asked
    assert plan.reference.config.fingerprint != plan.config.fingerprint


def test_ppo_with_a_reference_asks_for_none(reference_folder):
    plan = stage_plan(compose("train", [*PPO, f"model.reference={reference_folder}"]), DATA, {})
    assert plan.reference is None
    assert plan.inputs["reference"] is not None


def test_ppo_with_a_model_to_start_from_is_measured_against_it(reference_folder):
    config = compose("train", [*PPO, f"model.init_from={reference_folder}"])
    assert stage_plan(config, DATA, {}).reference is None
    assert stage_parts(config).folders == (str(reference_folder), str(reference_folder))


def test_what_a_policy_starts_from_is_an_input_beside_its_reference(reference_folder, reward_folder):
    given = [f"model.init_from={reward_folder}", f"model.reference={reference_folder}"]
    inputs = stage_plan(compose("train", ["task=dpo", *given]), DATA, {}).inputs
    assert inputs["init_from"] != inputs["reference"]
    alone = stage_plan(compose("train", ["task=dpo", given[1]]), DATA, {}).inputs
    assert alone == {name: inputs[name] for name in ("data", "reference", "reference.tokenizer")}


@pytest.mark.parametrize("key", ["init_from", "reference"])
def test_a_path_is_not_asked_for_where_another_key_says_where_to_start(reference_folder, key):
    parts = stage_parts(compose("train", ["model=hub", f"model.{key}={reference_folder}"]))
    assert parts.folders == (str(reference_folder), None)


def test_a_task_without_a_reference_starts_from_one_model():
    parts = stage_parts(compose("train", ["model.init_from=a", "model.reference=b"]))
    with pytest.raises(ValueError, match=r"model.init_from is a and model.reference is b \(set model.reference=null\)"):
        _ = parts.folders


@pytest.mark.parametrize("made", [stage_parts, partial(stage_plan, data=DATA, tests={})])
def test_two_models_of_a_task_without_a_reference_are_refused_before_any_is_loaded(made):
    with pytest.raises(ValueError, match=r"task=reward is measured against no reference, but model.init_from is a"):
        made(compose("train", ["model=hub", "model.init_from=a", "model.reference=b"]))


def test_the_data_of_a_stage_and_of_its_tests_are_among_its_inputs():
    plan = stage_plan(compose("train", []), DATA, {"other": DATA._replace(fingerprint="d2")})
    assert plan.inputs == {"data": "d1", "tests.other": "d2", "reference": None}


def test_parts_take_the_reference_that_was_trained():
    parts = stage_parts(compose("train", PPO))
    assert parts.reference is None
    assert parts.starting_from("there/model").reference == "there/model"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("rollouts.max_new_tokens=512", r"rollouts.max_new_tokens must be below data.max_tokens=512, got 512"),
        ("update.minibatches=129", r"update.minibatches must be at most rollouts.samples=128, got 129"),
        ("value_model=nowhere", r"value_model must be shared, policy or the folder of a reward model, got nowhere"),
        ("trainer.accumulate_grad_batches=2", r"trainer.accumulate_grad_batches must be 1 for task=ppo, got 2"),
    ],
)
def test_settings_of_ppo_that_do_not_fit_are_refused_before_any_model_is_loaded(override, message):
    with pytest.raises(ValueError, match=message):
        stage_parts(compose("train", [*PPO, override]))
