import pickle

import pytest
import yaml

from rmexp.config.problems import ConfigurationError, did_you_mean, did_you_mean_key, in_words, with_its_key


def test_a_single_problem_is_the_message():
    assert str(ConfigurationError(["a: wrong"])) == "a: wrong"


def test_several_problems_are_counted_and_repeated_ones_said_once():
    error = ConfigurationError(["a: wrong", "b: wrong", "a: wrong"])
    assert error.problems == ["a: wrong", "b: wrong"]
    assert str(error).splitlines() == ["2 problems in the configuration", "  a: wrong", "  b: wrong"]


def test_the_problems_survive_the_way_between_processes():
    assert pickle.loads(pickle.dumps(ConfigurationError(["a", "b"]))).problems == ["a", "b"]


def test_a_message_is_told_its_keys_once():
    settings = {"scorer.path": "a/b", "model.reference": "a/b", "run_dir": "a", "seed": 0, "gold": None}
    assert with_its_key("a/b is no model folder", settings) == (
        "a/b is no model folder (set scorer.path or model.reference)"
    )
    settings = {"model.path": "org/name@main"}
    assert with_its_key("org/name is neither here", settings) == "org/name is neither here (set model.path)"
    for message in ("a/b: no (set data.path)", "a/b/c: no", "something else"):
        assert with_its_key(message, settings) == message


def test_nothing_is_suggested_when_nothing_is_near():
    assert did_you_mean("zebra", ["train", "compare"]) == ""
    assert did_you_mean_key("zebra", ["optimizer.lr"]) == ""


def test_a_key_of_several_stages_is_suggested_for_each():
    keys = ["seed", "sft.loss", "sft.loss.beta", "dpo.loss.beta", "dpo.model.loss.beta"]
    assert did_you_mean_key("loss.beta", keys) == "; did you mean `sft.loss.beta` or `dpo.loss.beta`?"


def test_targets_are_never_suggested():
    assert "_target_" not in did_you_mean_key("loss.target", ["loss._target_"])


def test_what_a_parser_of_yaml_says_is_told_with_file_and_line(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("a: 1\nb: [1\n")
    with path.open() as file, pytest.raises(yaml.YAMLError) as caught:
        yaml.safe_load(file)
    assert in_words(caught.value).startswith(f"{path}:3: not YAML: expected ',' or ']'")
