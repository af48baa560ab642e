import pytest
from omegaconf import DictConfig, OmegaConf

from rmexp.config.compose import compose, run
from rmexp.config.identity.saved import REDACTED, chosen_options, differences, run_config, saved_yaml
from rmexp.config.stages import stage


def config(**content):
    return OmegaConf.create(content)


def fingerprint(content):
    return run_config(content).fingerprint


@pytest.mark.parametrize("key", ["api_key", "apikey", "HF_TOKEN", "client_secret", "password", "db_password_2"])
def test_secrets_are_redacted(key):
    text = saved_yaml(config(logger={key: "hunter2", "list": [{key: ["hunter2"]}]}))
    assert "hunter2" not in text
    assert text.count(REDACTED) == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_tokens", 512),
        ("token", None),
        ("token", True),
        ("tokenizer", "byte-level"),
        ("keyword", "x"),
        ("api_key", "${oc.env:WANDB_API_KEY}"),
        ("name", "hunter2"),
    ],
)
def test_what_is_no_secret_stays(key, value):
    assert OmegaConf.to_container(OmegaConf.create(saved_yaml(config(**{key: value}))), resolve=False) == {key: value}


def test_a_secret_in_the_default_of_an_interpolation_is_redacted():
    assert "hunter2" not in saved_yaml(config(api_key="${oc.env:X,hunter2}"))


def test_interpolations_stay_unresolved():
    assert "lr: ${model.recipe.reward.lr}" in saved_yaml(compose("train", []))


def test_the_fingerprint_is_that_of_the_choices_alone():
    first = config(a=1, b={"c": 2}, run_dir="x", sweep_dir="y")
    assert fingerprint(first) == fingerprint(config(sweep_dir=None, b={"c": 2}, a=1))
    assert fingerprint(first) != fingerprint(config(a=1, b={"c": 3}))
    assert len(fingerprint(first)) == 8


def test_loggers_are_no_part_of_the_fingerprint_and_were_one_once():
    one, other = (run_config(config(callbacks={}, logger={name: {"mode": None}})) for name in ("wandb", "mlflow"))
    assert one.fingerprint == other.fingerprint == one.former_fingerprint != other.former_fingerprint


def test_differences_name_both_sides():
    old = saved_yaml(config(run_dir="x", optimizer={"lr": 0.1, "eps": 1}, gone=[1], same="${optimizer.lr}"))
    new = config(run_dir="y", optimizer={"lr": 0.2, "eps": 1}, fresh=None, same="${optimizer.lr}")
    assert differences(old, new) == [
        "optimizer.lr: 0.1 there, 0.2 here",
        "gone: [1] there, not here",
        "fresh: not there, null here",
    ]


def test_differences_are_told_in_values_and_a_name_is_the_same_as_what_it_stands_for():
    recipe = {"lr": 0.1, "epochs": 2}
    old = saved_yaml(config(recipe=recipe, lr="${recipe.lr}", epochs="${recipe.epochs}", path="???", key="${oc.env:K}"))
    new = config(recipe=recipe, lr=0.2, epochs=2, path="a", key="${oc.env:L}")
    assert differences(old, new) == [
        "lr: 0.1 there, 0.2 here",
        'path: not set there, "a" here',
        'key: "${oc.env:K}" there, "${oc.env:L}" here',
    ]


def test_a_saved_configuration_does_not_differ_from_itself():
    whole = compose("compare", [])
    assert differences(saved_yaml(whole), whole) == []


DEFAULTS = {"data": "json_vs_text", "model": "tiny", "trainer": "default", "callbacks": "default"}


def chosen(verb: str, *overrides: str, of: str | None = None) -> dict[str, str]:
    found = []

    def job(config: DictConfig) -> None:
        found.append(chosen_options(config if of is None else stage(config, of)))

    run(verb, [*overrides, "hydra.output_subdir=null"], None, job)
    return found[0]


@pytest.mark.usefixtures("here")  # Hydra makes folders
def test_each_node_has_the_option_that_was_chosen_for_it():
    given = ["task=dpo", "optimizer=muon", "data=jsonl", "data.path=a.jsonl", "+data@tests.more=synthetic"]
    assert chosen("train", *given) == DEFAULTS | {
        "task": "dpo", "loss": "dpo", "optimizer": "muon", "schedule": "cosine", "data": "jsonl",
        "data.format": "columns", "tests.more": "synthetic",
    }  # fmt: skip


@pytest.mark.usefixtures("here")
def test_a_stage_has_its_own():
    changed = ["optimizer@dpo.optimizer=sgd", "loss@dpo.loss=ipo"]
    own = DEFAULTS | {"schedule": "cosine"}
    assert chosen("compare", *changed, of="dpo") == own | {"loss": "ipo", "optimizer": "sgd"}
    assert chosen("compare", *changed, of="sft") == own | {"loss": "next_token", "optimizer": "adamw"}
    whole = chosen("compare", *changed)
    assert (whole["dpo.optimizer"], whole["sft.optimizer"], whole["data"]) == ("sgd", "adamw", "json_vs_text")


def test_outside_a_job_nobody_has_chosen():
    assert run_config(compose("train", ["logger=csv"])).choices is None
