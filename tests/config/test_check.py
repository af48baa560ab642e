"""The check of composed configurations, on small ones written here and on the real tree."""

import pytest
from omegaconf import OmegaConf

from rmexp.config.check import problems_of
from rmexp.config.compose import compose
from rmexp.config.problems import ConfigurationError

ADAMW = {"_target_": "torch.optim.adamw.AdamW", "_partial_": True, "lr": 0.1}


def check(content, known=None):
    return problems_of(OmegaConf.create(content), OmegaConf.create(content if known is None else known))


def of_train(*overrides):
    with pytest.raises(ConfigurationError) as caught:
        compose("train", overrides)
    return caught.value.problems


def test_a_configuration_without_problems():
    assert check({"optimizer": ADAMW, "rate": "${optimizer.lr}", "logger": {}}) == []


def test_an_unset_key_is_named_once_also_when_others_refer_to_it():
    assert check({"a": "???", "b": "${a}", "optimizer": ADAMW | {"lr": "${a}"}}) == ["a: not set; set a=..."]


def test_an_empty_text_is_no_value_where_the_tree_has_none():
    known = {"path": "???", "val_path": None, "name": "x", "deep": {"path": "???"}}
    given = {"path": "", "val_path": "", "name": "", "deep": {"path": ""}}
    assert check(given, known) == [
        "path: not set; set path=...",
        "val_path: an empty text; set val_path=... or val_path=null",
        "deep.path: not set; set deep.path=...",
    ]


def test_an_interpolation_that_leads_nowhere():
    (problem,) = check({"a": {"b": ["x", "${nowhere}"]}})
    assert problem.startswith("a.b.1: `${nowhere}` leads nowhere")


def test_values_are_judged_after_interpolation():
    (problem,) = check({"rate": "fast", "optimizer": ADAMW | {"lr": "${rate}"}})
    assert problem == 'optimizer.lr takes a number of at least 0, got "fast"'


def test_a_key_the_target_does_not_take():
    (problem,) = check({"optimizer": ADAMW | {"weight_dcay": 0.1}})
    expected = "optimizer.weight_dcay: torch.optim.adamw.AdamW takes no `weight_dcay`; did you mean `weight_decay`?"
    assert problem == expected


@pytest.mark.parametrize("place", ["loss", "scorer", "model", "scorers.mine", "sft.optimizer"])
def test_what_rmexp_calls_with_more_arguments_is_a_partial_with_a_target(place):
    def at(node):
        for key in reversed(place.split(".")):
            node = {key: node}
        return check(node)

    target = {"_target_": "rmexp.losses.hinge.hinge_loss"}
    (problem,) = at(target)
    assert problem.startswith(f"{place}._partial_ takes true: rmexp gives the rest of its arguments")
    (problem,) = at({"_partial_": True})
    assert problem.startswith(f"{place}._target_: not set; the YAML file of an option names its function")


def test_only_a_partial_may_leave_a_required_parameter_open():
    node = {"_target_": "rmexp.losses.dpo.dpo_loss", "_partial_": True}
    assert check({"part": node | {"beta": 0.1}}) == []
    missing = check({"part": node | {"_partial_": False, "beta": 0.1}})
    assert missing
    assert all("needs it" in problem for problem in missing)


@pytest.mark.parametrize("place", ["top", "deep", "list"])
def test_a_target_off_the_allowlist_is_found_anywhere(place):
    evil = {"_target_": "os.system", "command": "true"}
    content = {"top": {"x": evil}, "deep": {"x": {"y": {"z": evil}}}, "list": {"x": [1, evil]}}[place]
    (problem,) = check(content)
    assert "`os.system` is no allowed target" in problem


def test_positional_arguments_cannot_be_smuggled_in():
    (problem,) = check({"optimizer": ADAMW | {"_args_": [1]}})
    assert "takes no `_args_`" in problem


def test_plain_nodes_hold_what_the_tree_holds():
    known = {"recipe": {"reward": {"epochs": 1}}, "free": {}}
    assert check(known | {"free": {"anything": 1}}, known) == []
    found = check({"recipe": {"reward": {"epoch": 2, "epochs": 1}}, "fre": 1, "free": {}}, known)
    assert found == [
        "recipe.reward.epoch: no such key in the configuration tree; did you mean `epochs`?",
        "fre: no such key in the configuration tree; did you mean `free`?",
    ]


def test_a_target_that_is_put_into_a_plain_node_is_a_problem():
    (problem,) = check({"recipe": ADAMW}, {"recipe": {"lr": 1, "_partial_": True}})
    assert problem.startswith("recipe._target_: no such key")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "trainer.max_epochs=two",
            'trainer.max_epochs takes a whole number of at least 1, got "two"',
        ),
        ("data.max_tokens=1.5", "data.max_tokens takes a whole number of at least 2, got 1.5"),
        ("data.val_fraction=true", "data.val_fraction takes a number in [0, 1), got true"),
        ("+optimizer.foo=1", "optimizer.foo: torch.optim.adamw.AdamW takes no `foo`"),
        ("+trainer.max_epoch=1", "takes no `max_epoch`; did you mean `max_epochs`?"),
        (
            "~trainer.max_epochs",
            "trainer.max_epochs: rmexp.training.trainer_options.TrainerOptions needs it; set +trainer.max_epochs=...",
        ),
        ("+model.recipe.reward.epoch=3", "did you mean `epochs`?"),
        (
            "+trainer.callbacks=[]",
            "trainer.callbacks: is set by rmexp itself; write callbacks/NAME.yaml in",
        ),
        ("+trainer.val_check_interval=10", "is set by rmexp itself; set trainer.validate_every_steps"),
        ("+trainer.limit_val_batches=1", "trainer.limit_val_batches: is set by rmexp itself; set data.max_val_pairs"),
        ("trainer.keep=first", "trainer.keep takes best or last, got first"),
        ("loss._target_=rmexp.losses.dpo.dop_loss", "did you mean `dpo_loss`?"),
    ],
)
def test_mistakes_on_the_command_line(override, message):
    (problem,) = of_train(override)
    assert message in problem


def test_what_is_done_anyway_may_be_said_as_runs_of_earlier_versions_did():
    assert compose("train", ["+trainer.limit_val_batches=1.0"]).trainer.limit_val_batches == 1


def test_a_problem_of_a_stage_carries_the_name_of_the_stage_a_shared_one_comes_once():
    with pytest.raises(ConfigurationError) as caught:
        compose("compare", ["dpo.optimizer.lr=no", "data.pairs=many"])
    assert [problem.split(" ")[0] for problem in caught.value.problems] == ["data.pairs", "dpo.optimizer.lr"]
