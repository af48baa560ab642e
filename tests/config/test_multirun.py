import pytest

from rmexp.config.multirun import is_multirun, read_multirun
from rmexp.config.problems import ConfigurationError
from rmexp.config.tree import options_of


def problems(*overrides):
    with pytest.raises(ConfigurationError) as caught:
        read_multirun("train", overrides)
    return caught.value.problems


def test_a_sound_multirun():
    sound = ["task=reward,dpo", "optimizer.lr=1e-4,1e-3", "trainer.max_epochs=range(1,3)", "seed=0"]
    multirun = read_multirun("train", sound)
    assert (multirun.fixed, multirun.swept) == (["seed=0"], ["optimizer.lr", "task", "trainer.max_epochs"])
    assert len(multirun.cells) == 2 * 2 * 2


def test_every_option_and_every_value_is_looked_at():
    found = problems("data=json_vs_text,jsn", "optimizer.lr=1e-4,1e-3,fast", "trainer.max_epochs=1,two", "sed=0,1")
    places = [problem.split("=")[0].split(":")[0].split(" ")[0] for problem in found]
    assert sorted(places) == ["data", "optimizer.lr", "sed", "trainer.max_epochs"]


def test_every_combination_of_options_is_composed():
    (problem,) = problems("task=dpo,reward", "loss.beta=0.1,0.2")
    assert problem.startswith("loss.beta: no such key")


def test_a_glob_stands_for_the_options_it_matches():
    cells = read_multirun("train", ["trainer=glob(*)"]).cells
    assert {cell.name for cell in cells} == {f"trainer={option}" for option in options_of("trainer")}


def test_cells_may_not_share_a_folder():
    (problem,) = problems("seed=0,1", "run_dir=somewhere")
    assert "set sweep_dir" in problem
    read_multirun("train", ["seed=0,1", "run_dir='runs/seed${seed}'"])


def test_cells_are_the_product_in_the_order_of_the_command_line():
    multirun = read_multirun("train", ["task=reward", "optimizer.lr=1e-4,1e-3", "seed=0,1", "sweep_dir=there"])
    names = [f"optimizer.lr={lr},seed={seed}" for lr in ("0.0001", "0.001") for seed in (0, 1)]
    assert [cell.name for cell in multirun.cells] == names
    assert multirun.cells[2].overrides == ["task=reward", "optimizer.lr=0.001", "seed=0", "sweep_dir=there"]
    assert (multirun.folder.name, multirun.fixed, multirun.swept) == (
        "there",
        ["task=reward"],
        ["optimizer.lr", "seed"],
    )
    assert multirun.named


def test_cells_with_a_run_dir_of_their_own_are_not_where_their_names_say():
    assert not read_multirun("train", ["seed=0,1", "run_dir='runs/seed${seed}'"]).named


def test_an_option_of_the_group_sweep_brings_its_values_unless_others_are_given():
    assert is_multirun("train", ["sweep=lr"])
    assert not is_multirun("train", [])
    names = [cell.name for cell in read_multirun("train", ["sweep=lr", "seed=0"]).cells]
    assert names == [f"optimizer.lr={lr}" for lr in ("0.0001", "0.0003", "0.001", "0.003")]
    own = read_multirun("train", ["sweep=lr", "optimizer.lr=0.5", "seed=0,1"])
    assert [cell.name for cell in own.cells] == ["seed=0", "seed=1"]


@pytest.mark.parametrize("option", ["lr", "epochs", "datasets"])
def test_every_sweep_composes(option):
    assert len(read_multirun("train", [f"sweep={option}"]).cells) >= 3


@pytest.mark.parametrize("launcher", ["local", "slurm", "joblib", "basic", "forked"])
def test_every_launcher_composes(launcher):
    if launcher not in ("basic", "forked"):
        plugin = "joblib" if launcher == "joblib" else "submitit"
        pytest.importorskip(f"hydra_plugins.hydra_{plugin}_launcher")
    assert read_multirun("train", ["seed=0,1", f"hydra/launcher={launcher}"]).hydra == [f"hydra/launcher={launcher}"]


def test_cells_may_use_several_processes():
    for strategy in ("auto", "ddp"):
        read_multirun("train", ["seed=0,1", "trainer.devices=2", f"trainer.strategy={strategy}"])


@pytest.mark.parametrize("overrides", [["optimizer.lr=interval(0,1)"], ["seed=0,1", "hydra.sweeper._target_=other"]])
def test_what_would_have_to_be_drawn_is_refused(overrides):
    assert "values" in problems(*overrides)[0]
