import functools
import types

import pytest
from omegaconf import OmegaConf

from rmexp.config.build import FRAMES, build, framed
from rmexp.config.compose import compose
from rmexp.data.loading import Batching, Limits, Named, SplitRule
from rmexp.data.selection import Selection
from rmexp.records import Message, Preference
from rmexp.training.trainer_options import TrainerOptions

PAIR = {"_target_": "rmexp.records.Preference", "prompt": "p", "chosen": "a", "rejected": "b"}


def node(content):
    return OmegaConf.create(content)


def test_an_empty_node_builds_nothing():
    assert build(node({})) is None


def test_values_of_the_node_and_runtime_objects_meet_in_one_call():
    message = (Message("user", "hi"),)
    assert build(node(PAIR), prompt=message) == Preference(message, "a", "b")


def test_runtime_objects_arrive_as_they_are():
    inner = build(node(PAIR))
    partial = build(node(PAIR | {"_partial_": True}), meta={"pair": inner})
    assert isinstance(partial, functools.partial)
    assert partial().meta["pair"] is inner


def test_containers_are_plain():
    built = build(node(PAIR | {"meta": {"topics": [1, 2]}}))
    assert type(built.meta) is dict
    assert type(built.meta["topics"]) is list


def test_interpolations_reach_beyond_the_node():
    config = node({"word": "b", "pair": PAIR | {"rejected": "${word}"}})
    assert build(config.pair).rejected == "b"


def test_nodes_below_one_without_a_target_are_built_by_name():
    built = build(node({"first": PAIR, "second": PAIR | {"chosen": "c"}}))
    assert [pair.chosen for pair in (built["first"], built["second"])] == ["a", "c"]


def test_the_error_of_a_target_comes_through_as_it_is():
    for content in (PAIR | {"chosen": ""}, {"inner": PAIR | {"chosen": ""}}):
        with pytest.raises(ValueError, match=r"^`chosen` must be a non-empty string"):
            build(node(content))


@pytest.mark.parametrize("wrap", [lambda evil: evil, lambda evil: PAIR | {"meta": {"x": [evil]}}])
def test_a_target_off_the_allowlist_is_not_called(wrap, tmp_path):
    evil = {"_target_": "pathlib.Path.mkdir", "self": str(tmp_path / "made")}
    with pytest.raises(ValueError, match="no allowed target"):
        build(node(wrap(evil)))
    assert not (tmp_path / "made").exists()


def test_a_framed_node_is_parted():
    config = compose("train", ["data.batch_pairs=3", "data.pairs=20"])
    read, *parts, selection = framed("data", config.data)
    assert [type(part) for part in parts] == [Named, Limits, Batching, SplitRule]
    assert [part.batch_pairs for part in parts[1:3]] == [3, 3]
    assert isinstance(selection, Selection)
    data = read()
    assert sum(map(len, data.splits.values())) - len(data.splits["unseen"]) == 20


def test_a_key_of_the_frame_stays_with_the_frame():
    config = compose("train", [])
    make, options = framed("trainer", OmegaConf.merge(config.trainer, {"_target_": "rmexp.records.Preference"}))
    assert options == TrainerOptions(
        precision="auto",
        compiled=False,
        max_epochs=2,
        max_steps=None,
        threads=None,
        validate_every_steps=None,
        workers=0,
        keep="best",
        monitor="val/loss",
        patience=None,
        min_delta=0.0,
        on_nonfinite="stop",
    )
    assert "max_epochs" not in make().keywords


def test_each_framed_group_is_in_the_tree():
    assert FRAMES.keys() <= compose("train", []).keys()


@pytest.mark.parametrize(
    ("option", "func"), [("loss", "bradley_terry_loss"), ("schedule", "cosine")], ids=["loss", "schedule"]
)
def test_what_a_step_calls_is_the_function_itself(option, func):
    built = build(compose("train", ["task=reward"])[option])
    assert type(built) is functools.partial
    assert isinstance(built.func, types.FunctionType)
    assert built.func.__name__ == func


def test_so_is_what_a_function_is_given():
    built = build(compose("train", ["task=reward", "loss=bradley_terry_margin"]).loss)
    assert isinstance(built.keywords["loss"].func, types.FunctionType)
