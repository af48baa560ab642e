import pytest

from rmexp.config.multirun import check_multirun
from rmexp.config.problems import ConfigurationError


def problems(*overrides):
    with pytest.raises(ConfigurationError) as caught:
        check_multirun("train", overrides)
    return caught.value.problems


def test_a_sound_multirun():
    check_multirun("train", ["task=reward,dpo", "optimizer.lr=1e-4,1e-3", "trainer.max_epochs=range(1,3)", "seed=0"])


def test_every_option_and_every_value_is_looked_at():
    found = problems("data=json_vs_text,jsn", "optimizer.lr=1e-4,1e-3,fast", "trainer.max_epochs=1,two", "sed=0,1")
    places = [problem.split("=")[0].split(":")[0] for problem in found]
    assert sorted(places) == ["data", "optimizer.lr", "sed", "trainer.max_epochs"]


def test_every_combination_of_options_is_composed():
    (problem,) = problems("task=dpo,reward", "loss.beta=0.1,0.2")
    assert problem.startswith("loss.beta: no such key")


def test_a_glob_stands_for_the_options_it_matches():
    check_multirun("train", ["trainer=glob(*)"])


def test_cells_may_not_share_a_folder():
    (problem,) = problems("seed=0,1", "run_dir=somewhere")
    assert "set sweep_dir" in problem
    check_multirun("train", ["seed=0,1", "run_dir='runs/seed${seed}'"])
