"""What was called otherwise is told by tables, to configurations and to command lines."""

from omegaconf import OmegaConf

from rmexp.config.binding import unbound
from rmexp.config.identity.moved import MOVED, moved_to, with_todays_overrides
from rmexp.config.identity.saved import differences, run_config, saved_yaml
from rmexp.config.parameters.signatures import signature_of


def config(**content):
    return OmegaConf.create(content)


def fingerprint(content):
    return run_config(content).fingerprint


def test_every_move_leads_from_what_is_gone_to_what_is_there():
    for old in MOVED:
        assert moved_to(old) not in MOVED
        signature_of(moved_to(old))
    assert len(set(MOVED.values())) == len(MOVED), "two targets became one: which was a run's first?"


def test_a_command_that_names_an_old_target_is_told_the_new_one(changes):
    changes({"rmexp.losses.old.dpo_loss": "rmexp.losses.dpo.dpo_loss"}, {})
    (problem,) = unbound({"loss": {"_target_": "rmexp.losses.old.dpo_loss"}})
    assert problem == ("loss._target_", "`rmexp.losses.old.dpo_loss` has moved; write `rmexp.losses.dpo.dpo_loss`")


def test_the_keys_of_the_best_checkpoint_are_read_as_those_of_the_trainer(caplog):
    caplog.set_level("INFO", logger="rmexp")
    old = ["task=dpo", "callbacks.checkpoint.monitor=val/accuracy", "callbacks.checkpoint.mode=max"]
    assert with_todays_overrides(old) == ["task=dpo", "trainer.monitor=val/accuracy"]
    assert "callbacks.checkpoint.monitor is trainer.monitor now" in caplog.text
    there = "callbacks:\n  checkpoint:\n    monitor: val/accuracy\n    mode: max\n"
    trainer = {"keep": "last", "monitor": "val/accuracy", "patience": None, "min_delta": 0.0}
    assert differences(there, config(trainer=trainer)) == []
    (difference,) = differences(there, config(trainer=trainer | {"monitor": "val/loss"}))
    assert difference == 'trainer.monitor: "val/accuracy" there, "val/loss" here'


def test_processes_that_were_forked_are_those_of_the_strategy_that_starts_them():
    old, new = (config(trainer={"devices": 2, "strategy": name}, seed=0) for name in ("ddp_fork", "ddp"))
    assert fingerprint(old) != fingerprint(config(trainer={"devices": 2, "strategy": "auto"}, seed=0))
    assert fingerprint(new) == fingerprint(old)
    assert differences(saved_yaml(old), new) == []
    assert with_todays_overrides(["trainer=ddp_fork", "+trainer.strategy=ddp_fork"]) == [
        *("trainer=ddp", "trainer.accelerator=cpu", "trainer.strategy=ddp"),
    ]


def test_a_key_that_had_to_be_added_once_is_there_now():
    assert with_todays_overrides(["+trainer.num_nodes=2", "+trainer.fast_dev_run=1"]) == [
        *("trainer.num_nodes=2", "+trainer.fast_dev_run=1"),
    ]
