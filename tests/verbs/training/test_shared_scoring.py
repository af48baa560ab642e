"""Processes of a launcher share what is scored; files and figures are those of one process."""

import json
from pathlib import Path

import pytest

from rmexp.cli import main

DATA = ["data=jsonl", "data.path=pairs.jsonl"]
SMALL = ["model.hidden_size=16", "model.vocabulary=300", "trainer.threads=1", "logger=csv"]


@pytest.fixture(autouse=True)
def model(here):
    rows = [{"prompt": f"Question {i}?", "chosen": f"yes {i} " * (1 + i % 5), "rejected": f"no {i}"} for i in range(23)]
    Path("pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert main(["train", "task=reward", *DATA, *SMALL, "data.val_fraction=0.25", "run_dir=rm"]) == 0


def finished(processes):
    assert not any(processes.codes()), "".join(processes.said)
    others = [line for text in processes.said[1:] for line in text.splitlines() if not line.startswith("[Gloo")]
    assert not others  # but for what older versions of torch say of a connection
    return processes.said[0]


def test_scored_files_have_the_same_bytes(several):
    own = ("score", "scorer.path=rm/model", *DATA, "shard_records=4", "threads=1")
    assert main([*own, "run_dir=one"]) == 0
    said = finished(several(3, *own, "run_dir=three"))
    assert said.count("scored files three/scored") == 1
    names = sorted(path.name for path in Path("one/scored").iterdir())
    assert names == sorted(path.name for path in Path("three/scored").iterdir())
    for name in names:
        assert Path("three/scored", name).read_bytes() == Path("one/scored", name).read_bytes()
    assert "finished before" in finished(several(2, *own, "run_dir=three"))


def test_an_evaluation_is_that_of_one_process(several):
    own = ("evaluate", "scorer.path=rm/model", "+scorer@scorers.longer=baseline", "scorers.longer.kind=longer", *DATA)
    assert main([*own, "shard_records=4", "data.trained_on=keep", "run_dir=one"]) == 0
    said = finished(several(2, *own, "shard_records=4", "data.trained_on=keep", "run_dir=two"))
    assert said.count("two/report.html") == 1
    assert Path("two/evaluation.json").read_bytes() == Path("one/evaluation.json").read_bytes()


@pytest.mark.slow
def test_the_best_of_candidates_are_those_of_one_process(several, monkeypatch):
    assert main(["train", "task=sft", *DATA, *SMALL, "data.val_fraction=0.25", "run_dir=sft"]) == 0
    monkeypatch.setattr("rmexp.selection.pool.SHARD_RESPONSES", 8)
    monkeypatch.setattr("rmexp.verbs.best_of_n.SHARD_RECORDS", 3)
    own = (
        "best-of-n",
        *DATA,
        "scorer.path=rm/model",
        "candidates.policy=sft/model",
        "threads=1",
        "data.trained_on=keep",
    )
    own = (*own, "candidates.n=4", "candidates.prompts=10", "candidates.max_new_tokens=6", "scorer@gold=baseline")
    assert main([*own, "gold.kind=longer", "run_dir=one"]) == 0
    finished(several(2, *own, "gold.kind=longer", "run_dir=two"))
    for name in ("candidates.jsonl", "picks.jsonl", "curve.json", "scored/candidates.jsonl", "scored/gold.jsonl"):
        assert Path("two", name).read_bytes() == Path("one", name).read_bytes()
    assert not Path("two/pool").exists()


def test_where_one_is_killed_the_others_end_and_the_same_command_goes_on(several):
    own = ("score", "scorer.path=rm/model", *DATA, "shard_records=1", "threads=1", "run_dir=run")
    processes = several(2, *own)
    while not list(Path("run").glob("scored/*.shards/*.json")):
        assert processes.running, "".join(processes.said)
    processes.kill(1)
    assert processes.codes(60)[0] == 1
    last = processes.said[0].splitlines()[-1]
    assert last == "rmexp: another process of the run has ended; the same command goes on where it was"
    assert not Path("run/summary.json").exists()
    finished(several(2, *own))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("profile", *DATA), "rmexp profile is work of one process, but 2 were started (leave out torchrun or srun)"),
        (
            ("train", "-m", "task=reward", *DATA, *SMALL, "seed=0,1"),
            "a sweep starts the processes of each cell itself, but 2 were started already (leave out torchrun or srun: "
            "rmexp train -m trainer=ddp trainer.devices=2 ...)",
        ),
    ],
)
def test_where_nothing_can_be_shared_they_are_refused(several, arguments, words):
    processes = several(2, *arguments)
    assert processes.codes() == [1, 1]
    assert words in processes.said[0]
