import os

import pytest

from rmexp.runs.folder import RunConfig, claim
from rmexp.runs.kept_work import RunStopped, kept_work

NO_CONFIG = RunConfig("{}", None, lambda text: [])


def leave(folder, *names):
    for age, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        os.utime(path, (age, age))


def test_an_empty_folder_keeps_nothing(tmp_path):
    assert kept_work(tmp_path) == f"{tmp_path} keeps nothing yet"


def test_the_newest_checkpoint_the_model_and_scores(tmp_path):
    leave(tmp_path, "checkpoints/best.ckpt", "checkpoints/last.ckpt", "model/config.json", "scored/a/val.jsonl")
    leave(tmp_path, "scored/test.jsonl", "scored/big.shards/000.jsonl")
    kept = "checkpoints/last.ckpt, model, 2 scored files, 1 part of a scored file"
    assert kept_work(tmp_path) == f"{tmp_path} keeps {kept}"


def test_a_run_that_is_stopped_says_what_it_keeps_and_the_run_around_it_adds_nothing(tmp_path):
    inner = tmp_path / "run" / "sft"

    def work():
        with claim(tmp_path / "run", NO_CONFIG, {}), claim(inner, NO_CONFIG, {}):
            leave(inner, "checkpoints/last.ckpt")
            raise KeyboardInterrupt("SIGINT after step 3 of 9")

    with pytest.raises(RunStopped) as stopped:
        work()
    assert str(stopped.value) == f"SIGINT after step 3 of 9; {inner} keeps checkpoints/last.ckpt"
