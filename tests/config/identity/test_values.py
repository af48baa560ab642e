"""Runs of earlier versions are the same runs, whatever their targets are called now and whichever keys came since."""

import pytest
from omegaconf import OmegaConf

from rmexp.config.identity.moved import moved_to
from rmexp.config.identity.saved import differences, run_config, saved_yaml
from rmexp.config.identity.values import with_first_targets, with_todays_targets


def config(**content):
    return OmegaConf.create(content)


def fingerprint(content):
    return run_config(content).fingerprint


def test_a_target_is_followed_through_several_moves(changes):
    changes({"a.A": "b.A", "b.A": "c.A"}, {})
    assert [moved_to(name) for name in ("a.A", "b.A", "c.A")] == ["c.A", "c.A", None]
    content = {"list": [{"_target_": "b.A", "name": "b.A"}], "other": {"_target_": "x.X"}}
    assert with_todays_targets(content) == {
        "list": [{"_target_": "c.A", "name": "b.A"}],
        "other": {"_target_": "x.X"},
    }
    assert with_first_targets(with_todays_targets(content))["list"] == [{"_target_": "a.A", "name": "b.A"}]


def test_a_moved_target_changes_neither_the_hash_nor_anything_else(changes):
    old, new = (config(loss={"_target_": name, "beta": 1}, seed=0) for name in ("old.dpo", "new.dpo"))
    before, there = fingerprint(old), saved_yaml(old)
    assert fingerprint(new) != before
    changes({"old.dpo": "new.dpo"}, {})
    assert fingerprint(new) == fingerprint(old) == before
    assert differences(there, new) == []
    assert differences(there, config(loss={"_target_": "new.ipo", "beta": 1}, seed=0)) == [
        'loss._target_: "new.dpo" there, "new.ipo" here'
    ]


def test_a_later_key_counts_only_where_it_says_something_new(changes):
    changes({}, {})
    old = config(trainer={"max_epochs": 2}, run_dir=None)
    before, there = fingerprint(old), saved_yaml(old)
    last, best = (config(trainer={"max_epochs": 2, "keep": keep}, run_dir=None) for keep in ("last", "best"))
    changes({}, {"trainer.keep": "last"})
    assert fingerprint(last) == before != fingerprint(best)
    assert differences(there, last) == differences(saved_yaml(last), old) == []
    assert differences(there, best) == ['trainer.keep: "last" there, "best" here']
    assert differences(saved_yaml(best), last) == ['trainer.keep: "best" there, "last" here']


def test_a_star_stands_for_any_names(changes):
    changes({}, {"*.trainer.keep": "last"})
    stages = config(sft={"trainer": {"keep": "last"}}, trainer={"keep": "last"})
    assert differences(saved_yaml(config(sft={}, trainer={})), stages) == [
        "sft: {} there, not here",
        "trainer: {} there, not here",
        'trainer.keep: not there, "last" here',
    ]


@pytest.mark.parametrize("task", ["sft", "reward"])
def test_an_old_reference_of_a_task_without_one_is_what_it_starts_from(task):
    old = config(task=task, model={"reference": "sft/model"}, run_dir=None)
    spelled = [
        config(task=task, model={"reference": reference, "init_from": start}, run_dir=None)
        for reference, start in ((None, "sft/model"), ("sft/model", None))
    ]
    assert {fingerprint(one) for one in spelled} == {fingerprint(old)}
    assert [differences(saved_yaml(old), one) for one in spelled] == [[], []]
    other = config(task=task, model={"reference": None, "init_from": None}, run_dir=None)
    assert differences(saved_yaml(old), other) == ['model.init_from: "sft/model" there, null here']


def test_an_old_reference_of_a_policy_is_still_its_reference():
    old = config(task="dpo", model={"reference": "sft/model"}, run_dir=None)
    same, other = (
        config(task="dpo", model={"reference": "sft/model", "init_from": start}, run_dir=None) for start in (None, "a")
    )
    assert fingerprint(same) == fingerprint(old) != fingerprint(other)
    assert differences(saved_yaml(old), same) == []
    assert differences(saved_yaml(old), other) == ['model.init_from: null there, "a" here']


def test_a_key_that_is_gone_belongs_to_every_configuration_of_before(changes):
    old = config(callbacks={"best": {"mode": "min"}, "saving": 60}, run_dir=None)
    new = config(callbacks={"saving": 60}, run_dir=None)
    changes({}, {})
    before, there = fingerprint(old), saved_yaml(old)
    changes({}, {}, {"callbacks.best.mode": "min"})
    assert fingerprint(new) == fingerprint(old) == before
    assert differences(there, new) == differences(saved_yaml(new), old) == []
    assert fingerprint(config(scorer=1)) == fingerprint(config(scorer=1, run_dir=None))  # of a verb without the group
