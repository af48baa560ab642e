import errno
import pickle

import pytest
import yaml

from rmexp.config.problems import ConfigurationError, did_you_mean, did_you_mean_key, in_words


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
    assert in_words(ValueError("a/b is no model folder"), settings) == (
        "a/b is no model folder (set scorer.path or model.reference)"
    )
    for message in ("a/b: no (set data.path)", "a/b/c: no", "something else"):
        assert in_words(ValueError(message), settings) == message
    settings = {"model.path": "org/name@main", "data.paths": ["a.txt", "b.txt"]}
    assert in_words(ValueError("org/name is neither here"), settings) == "org/name is neither here (set model.path)"
    assert in_words(ValueError("b.txt: no text"), settings) == "b.txt: no text (set data.paths)"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("runs/train/a/checkpoints/last.ckpt", "run_dir"),  # run_dir=null goes to runs/
        ("runs/cache/a.tokens", "data.cache_dir"),
        ("there/b/model", "sweep_dir"),
    ],
)
def test_a_full_disk_is_told_with_the_place_what_to_do_and_the_key(path, key):
    settings = {"run_dir": None, "data.cache_dir": "runs/cache", "sweep_dir": "there", "out": None, "seed": 0}
    assert in_words(OSError(errno.ENOSPC, "No space left on device", path), settings) == (
        f"{path}: No space left on device; make room and run the same command again (or set {key})"
    )
    assert in_words(PermissionError(13, "Permission denied", path), settings) == (
        f"{path}: Permission denied (set {key})"
    )


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("runs/f/kept.jsonl", "data.path"),
        ("/tmp/data/x.jsonl", "data.tests.paths"),
        ("runs/train/a/model/config.json", "scorer.path"),
        ("runs/train/b", "run_dir"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_key_that_names_it(path, key):
    settings = {"run_dir": None, "data.path": "runs/f/kept.jsonl", "data.delimiter": "/"}
    settings |= {"data.tests.paths": ["a", "/tmp/data/x.jsonl"], "scorer.path": "runs/train/a", "data.name": "kept"}
    settings |= {"sweep_dir": None, "tokenizer": "."}
    assert in_words(PermissionError(13, "Permission denied", path), settings) == (
        f"{path}: Permission denied (set {key})"
    )


def test_where_temporary_files_go_is_told_of_a_full_disk_alone(monkeypatch):
    monkeypatch.setenv("TMPDIR", "/scratch")
    full = in_words(OSError(errno.ENOSPC, "No space left on device", "/scratch/a"), {"run_dir": None})
    assert full.endswith(" (or set TMPDIR)")
    refused = in_words(PermissionError(13, "Permission denied", "/scratch/a"), {"run_dir": None})
    assert refused == "/scratch/a: Permission denied"


def test_what_the_system_says_of_other_places_has_no_key():
    assert in_words(FileNotFoundError(2, "No such file or directory", "/x/y"), {"run_dir": None}) == (
        "/x/y: No such file or directory"
    )
    assert in_words(OSError(errno.ENOSPC, "No space left on device")) == (
        "No space left on device; make room and run the same command again"
    )


@pytest.mark.parametrize("key", ["trainer.batch_size", "batch_size", "data.per_device_train_batch_size"])
def test_what_others_call_a_key_is_answered_with_ours_wherever_it_was_looked_for(key):
    assert did_you_mean_key(key, ["trainer.patience", "data.batch_by", "data.batch_pairs"]) == (
        "; did you mean `data.batch_pairs`?"
    )


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
