"""Data of other kinds and formats from the command line to a finished run."""

import json
from pathlib import Path

import pytest

from rmexp.cli import main

SMOKE = ["trainer=smoke", "trainer.threads=1", "logger=csv", "run_dir=run"]


def summary():
    return json.loads(Path("run/summary.json").read_text())


def write(name, rows):
    Path(name).write_text("\n".join(map(json.dumps, rows)))


def feedback(index):
    scores = {"bad": 1.0, "good": 5.0, "fair": 3.0}
    completions = [{"response": f"{text} {index}", "fine-grained_score": s, "model": "m"} for text, s in scores.items()]
    return {"source": "s", "instruction": f"Question {index}?", "completions": completions}


def test_ratings_in_a_parquet_file(here):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.Table.from_pylist([feedback(index) for index in range(12)]), "f.parquet")
    options = ["data=parquet", "data.path=f.parquet", "data/format=ultrafeedback", "data.format.pairing.min_gap=3"]
    assert main(["train", *options, *SMOKE]) == 0
    assert summary()["train_pairs"] + summary()["val_pairs"] == 12


def test_a_local_copy_of_a_set_of_the_hub_with_bad_rows(here, capsys):
    pytest.importorskip("datasets")
    human = "\n\nHuman: Question {}?\n\nAssistant:"
    rows = [{"chosen": human.format(i) + " yes", "rejected": human.format(i) + " no"} for i in range(12)]
    rows += [{"chosen": human.format(12) + " ", "rejected": human.format(12) + " no"}, {"chosen": "x", "rejected": "y"}]
    Path("copy").mkdir()
    write("copy/train.jsonl", rows)
    write("copy/test.jsonl", rows[:3])
    assert main(["train", "data=hh_rlhf", "data.path=copy", *SMOKE]) == 0
    assert "copy:train: 2 of 14 rows are bad and left out: 1 empty, 1 malformed" in capsys.readouterr().err
    assert (summary()["bad_rows"], summary()["origins"]) == (2, [])
    kept = [json.loads(line) for line in Path("run/bad_rows.jsonl").read_text().splitlines()]
    assert [(row["line"], row["kind"]) for row in kept] == [(13, "empty"), (14, "malformed")]
    assert summary()["train_pairs"] + summary()["val_pairs"] == 12


def test_too_many_bad_rows_stop_the_run_before_it_begins(here, capsys):
    write("a.jsonl", [{"prompt": f"{i}", "chosen": "yes", "rejected": "no"} for i in range(9)] + [{}])
    options = ["data=jsonl", "data.path=a.jsonl", "data.on_bad_row=skip", "data.max_bad_share=0.05"]
    assert main(["train", *options, *SMOKE]) == 1
    *before, error = capsys.readouterr().err.splitlines()
    assert before[-1] == "reading: a.jsonl"
    assert error.startswith("rmexp: a.jsonl: 1 of 10 rows are bad, more than data.max_bad_share=0.05 allows")
    assert not Path("run").exists()


PARTS = ["data=mixture", "+data@data.parts.a=json_vs_text", "+data@data.parts.b=jsonl", "data.parts.b.path=b.jsonl"]


def test_a_mixture(here):
    write("b.jsonl", [{"prompt": f"Q{i}", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(20)])
    weights = ["data.weights.a=2", "data.weights.b=1"]
    assert main(["train", *PARTS, "data.parts.a.pairs=100", *weights, *SMOKE]) == 0
    assert (summary()["train_pairs"], summary()["val_pairs"]) == (3 * 16, 20 + 4)


@pytest.mark.slow
def test_a_mixture_is_shown_and_swept(here, capsys):
    write("b.jsonl", [{"prompt": f"Q{i}", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(20)])
    assert main(["train", *PARTS, "data.weights.a=2", "data.weights.b=1", "--cfg", "job"]) == 0
    assert "path: b.jsonl" in capsys.readouterr().out
    small = ["data.parts.a.pairs=40", "data.parts.a.unseen_pairs=16"]
    sweep = ["-m", *PARTS, *small, "data.weights.a=1,2", "data.weights.b=1", *SMOKE[:-1], "sweep_dir=sweep"]
    assert main(["train", *sweep]) == 0
    found = sorted(json.loads(path.read_text())["train_pairs"] for path in Path("sweep").glob("*/summary.json"))
    assert found == [32, 48]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.parts.b.pth=x", "data.parts.b.pth: no such key or group; did you mean `data.parts.b.path`?"),
        ("data.weight.a=1", "data.weight.a: no such key or group; did you mean `data.weights`?"),
        ("data.weights={c: 1}", "data.weights must have one weight a part, for a, b, got some for c"),
        ("data.parts.a.max_tokens=64", "data.parts.a.max_tokens: has no effect in a part of a mixture; set data.max_"),
    ],
)
def test_mistakes_in_a_mixture(here, capsys, override, message):
    write("b.jsonl", [{"prompt": f"Q{i}", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(20)])
    assert main(["train", *PARTS, override, *SMOKE]) == 1
    assert message in capsys.readouterr().err


def test_all_pairs_may_be_trained_on(here, capsys):
    write("a.jsonl", [{"prompt": f"{i}", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(8)])
    assert main(["train", "data=jsonl", "data.path=a.jsonl", "data.val_fraction=0", *SMOKE]) == 0
    assert "all 8 pairs are trained on and none validates" in capsys.readouterr().err
    assert (summary()["train_pairs"], summary()["val_pairs"], summary()["val"]["loss"]) == (8, 0, None)
    assert 0 < summary()["train_pairs_per_second"] < 1e6


def test_a_file_is_taken_for_what_it_is(here, capsys):
    rows = [{"response1": f"x{i}", "response2": f"y{i}", "overall_preference": i % 3} for i in range(9)]
    write("a.jsonl", [row | {"context": [{"role": "user", "content": f"{i}?"}]} for i, row in enumerate(rows)])
    assert main(["train", "data=jsonl", "data.path=a.jsonl", *SMOKE]) == 0
    assert "a.jsonl: taken for data/format=helpsteer3" in capsys.readouterr().err
    assert "overall_preference" in Path("run/config.yaml").read_text()
