import json
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.jsonl import write_rows


@pytest.fixture
def data(here):
    write_rows(
        here / "pairs.jsonl",
        ({"prompt": f"Q{i}", "chosen": "yes " * (i % 3 + 1), "rejected": f"no {i}"} for i in range(10)),
    )
    return ["data=jsonl", "data.path=pairs.jsonl"]


def scored(folder="run", name="all"):
    return [json.loads(line) for line in Path(folder, "scored", f"{name}.jsonl").read_text().splitlines()]


def test_a_rule_over_a_file(data, capsys):
    assert main(["score", "scorer=baseline", "scorer.kind=longer", *data, "shard_records=3", "run_dir=run"]) == 0
    assert [row["scores"] for row in scored()[:4]] == [[4.0, 4.0], [8.0, 4.0], [12.0, 4.0], [4.0, 4.0]]
    assert "records per second" in capsys.readouterr().out
    manifest = json.loads(Path("run/scored/all.manifest.json").read_text())
    assert manifest["scorer"]["rule"] == "longer"
    assert main(["score", "scorer=scored_file", "scorer.path=run/scored", *data, "run_dir=again"]) == 0
    assert scored("again") == scored()


def test_an_ensemble_of_anything(data, reward_folder):
    members = [
        "+scorer@scorer.members.rule=baseline", "scorer.members.rule.kind=shorter",
        "+scorer@scorer.members.model=explicit", f"scorer.members.model.path={reward_folder}",
    ]  # fmt: skip
    options = [*data, "data.max_tokens=128", "threads=1", "data.cache_dir=null"]
    assert main(["score", "scorer=ensemble", *members, *options, "run_dir=both"]) == 0
    assert main(["score", "scorer=explicit", f"scorer.path={reward_folder}", *options, "run_dir=model"]) == 0
    model, both = scored("model"), scored("both")
    expected = [(m["scores"][0] - len("yes " * (i % 3 + 1))) / 2 for i, m in enumerate(model)]
    assert [row["scores"][0] for row in both] == pytest.approx(expected)


def test_the_gold_reward_of_synthetic_data(here):
    options = ["data=synthetic", "data.pairs=20", "data.val_pairs=5", "data.test_pairs=5"]
    assert main(["score", "scorer=gold", *options, "run_dir=run"]) == 0
    assert len(scored(name="test")) == 5


def test_gold_of_other_data_is_told(data, capsys):
    assert main(["score", "scorer=gold", *data, "run_dir=run"]) == 1
    problem = capsys.readouterr().err.splitlines()[-1]
    assert problem.startswith("rmexp: scorer takes attributes, distractors, ")
    assert problem.endswith("from data, which has no such keys here; set them, or choose another data")


def test_scores_of_other_data_are_refused(data, capsys):
    assert main(["score", "scorer=baseline", *data, "run_dir=run"]) == 0
    write_rows(Path("other.jsonl"), [{"prompt": "p", "chosen": "a", "rejected": "b"}])
    keys = ["data=jsonl", "data.path=other.jsonl", "run_dir=other"]
    assert main(["score", "scorer=scored_file", "scorer.path=run/scored", *keys]) == 1
    assert "run/scored has scores of the data" in capsys.readouterr().err
    assert not Path("other/scored/all.jsonl").exists()


def test_what_is_dropped_is_left_unscored_and_every_verb_says_so(data, reward_folder, capsys):
    model = [f"scorer.path={reward_folder}", "threads=1", "data.cache_dir=null", "scorer=explicit"]
    assert main(["score", *model, *data, "data.max_tokens=200", "run_dir=whole"]) == 0
    tokens = sorted(length for row in scored("whole") for length in row["tokens"])
    limits = [f"data.max_tokens={tokens[13]}", "data.truncation=drop"]
    capsys.readouterr()
    assert main(["score", *model, *data, *limits, "run_dir=run"]) == 0
    nulls = [[score is None for score in row["scores"]] for row in scored()]
    assert nulls == [[length > tokens[13] for length in row["tokens"]] for row in scored("whole")]
    unscored = sum(map(sum, nulls))
    assert unscored > 0
    assert capsys.readouterr().out.split()[:4] == ["records", "responses", "truncated", "unscored"]
    assert json.loads(Path("run/summary.json").read_text())["files"]["all"]["unscored"] == unscored
    assert json.loads(Path("run/scored/all.manifest.json").read_text())["unscored"] == unscored

    assert main(["filter", "scored=run/scored/all.jsonl", *data, "keep.min_margin=null", "run_dir=filter"]) == 0
    dropped = [json.loads(line) for line in Path("filter/dropped.jsonl").read_text().splitlines()]
    assert [row["prompt"] for row in dropped] == [f"Q{i}" for i, row in enumerate(nulls) if any(row)]
    assert {row["rule"] for row in dropped} == {"unscored"}
    assert "dropped, not scored" in capsys.readouterr().out

    pool = [{"prompt": f"Q{i}", "responses": ["yes " * (i % 3 + 1), f"no {i}"]} for i in range(10)]
    write_rows(Path("pool.jsonl"), pool)
    options = ["candidates.path=pool.jsonl", *model, *limits, "run_dir=best"]
    assert main(["best-of-n", *options]) == 0
    assert f"note: {unscored} candidates are too long to be scored" in capsys.readouterr().out
    picked = {row["prompt"]: row for row in map(json.loads, Path("best/picks.jsonl").read_text().splitlines())}
    assert {f"Q{i}": 2 - sum(row) for i, row in enumerate(nulls) if not all(row)} == {
        prompt: row["candidates"] for prompt, row in picked.items()
    }
    capsys.readouterr()
    assert main(["evaluate", *model, *data, *limits, "draws=20", "run_dir=judged"]) == 0
    longer = "was longer and has" if unscored == 1 else "were longer and have"
    told = (
        f"explicit reads at most {tokens[13]} tokens (data.max_tokens): {unscored} of 20 responses {longer} no score."
    )
    assert f"\n{told}\n" in capsys.readouterr().out
    assert told in Path("judged/report.html").read_text()
    (read,) = json.loads(Path("judged/summary.json").read_text())["read"]
    assert (read["responses"], read["truncated"], read["unscored"]) == (20, 0, unscored)
    assert main(["best-of-n", *options[:-1], "data.max_tokens=2", "run_dir=none"]) == 1
    assert "was scored: all are too long (set data.max_tokens)" in capsys.readouterr().err


def test_the_limit_is_told_once_whatever_the_number_of_sets(here, reward_folder, capsys):
    limits = ["data.max_tokens=16", "threads=1", "data.cache_dir=null"]
    assert main(["score", f"scorer.path={reward_folder}", "data=json_vs_text", *limits, "run_dir=run"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "data.max_tokens" in line]
    files = json.loads(Path("run/summary.json").read_text())["files"]
    responses, cut = (sum(one[key] for one in files.values()) for key in ("responses", "truncated"))
    assert len(files) > 2
    assert [line.partition("(data.max_tokens)")[2] for line in told] == [
        f": {cut:,} of {responses:,} responses were cut."
    ]
