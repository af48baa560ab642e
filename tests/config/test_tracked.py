import pytest
import yaml
from omegaconf import OmegaConf

from rmexp.config.compose import compose
from rmexp.config.tracked import searchable, tracked_run, trackers_of


@pytest.mark.parametrize(
    ("inside_a_run", "sweep", "place", "name", "belongs_to"),
    [
        (False, None, "runs", "reward", None),
        (False, "sweeps/lr", "lr", "reward", "lr"),
        (False, "runs/sweep", "runs", "reward", None),  # where its sweeps would be, but it is no cell of one
        (True, None, "runs", "outer/reward", "outer"),
        (True, "sweeps/lr", "lr", "outer/reward", "lr"),
    ],
)
def test_a_run_is_named_by_the_comparison_and_grouped_by_the_sweep_that_it_is_in(
    tmp_path, inside_a_run, sweep, place, name, belongs_to
):
    folder = tmp_path / place / "outer" / "reward"
    folder.mkdir(parents=True)
    if inside_a_run:
        (folder.parent / "config.yaml").touch()
    (folder / "config.yaml").write_text(yaml.safe_dump({"task": "reward", "seed": 0, "sweep_dir": sweep, "logger": {}}))
    run = tracked_run(folder, "train")
    assert (run.folder, run.name, run.belongs_to, run.task) == (folder, name, belongs_to, "reward")
    assert run.inner == inside_a_run
    assert run.config == {"task": "reward", "seed": 0, "sweep_dir": sweep}


@pytest.mark.parametrize(
    ("verb", "config"), [("compare", {}), ("train", {"task": "ppo", "model": {"reference": None}})]
)
def test_a_run_with_stages_is_in_their_group(tmp_path, verb, config):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    assert tracked_run(tmp_path, verb).belongs_to == tmp_path.name


def test_what_was_chosen_has_a_key_of_its_own_beside_what_it_says(tmp_path):
    (tmp_path / "config.yaml").write_text("task: reward\noptimizer: {lr: 0.1}\n")
    (tmp_path / "environment.json").write_text('{"choices": {"optimizer": "muon", "data.format": "columns"}}')
    run = tracked_run(tmp_path, "train")
    assert run.config["choices"] == {"optimizer": "muon", "data.format": "columns"}
    assert run.config["optimizer"] == {"lr": 0.1}
    assert run.flat()["choices.optimizer"] == "muon"


def test_references_are_followed_and_the_environment_stays_a_name():
    text = (
        "{a: '${b.c}', b: {c: '${d}'}, d: 3, key: '${oc.env:KEY}', to_key: '${key}', lost: '${nowhere}', l: ['${d}']}"
    )
    followed = {"a": 3, "b": {"c": 3}, "d": 3, "key": "${oc.env:KEY}", "to_key": "${oc.env:KEY}"}
    assert searchable(yaml.safe_load(text)) == followed | {"lost": "${nowhere}", "l": [3]}


def test_several_loggers_in_any_order_are_trackers_by_name():
    for chosen in ("[wandb,tensorboard]", "[tensorboard,wandb]"):
        found = trackers_of(compose("train", [f"logger={chosen}", "logger.tags=[x]", "logger.mode=online"]))
        assert set(found) == {"wandb", "tensorboard"}
        assert (found["wandb"].tags, found["wandb"].mode) == (["x"], "online")
    assert trackers_of(compose("train", ["logger=csv"])) == {}
    assert trackers_of(OmegaConf.create({})) == {}
