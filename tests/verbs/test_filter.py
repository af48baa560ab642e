import json
from pathlib import Path

import pytest

from rmexp.cli import main

LONGER = ["scorer=baseline", "scorer.kind=longer"]
DATA = ["data=jsonl", "data.path=pairs.jsonl"]


@pytest.fixture
def pair_file(here):
    """Twenty pairs, the longer response labelled better in all but the first four, whose label was turned round."""
    rows = []
    for index in range(20):
        row = {"prompt": f"Q{index}", "chosen": f"long answer {index}", "rejected": f"no {index}"}
        row |= {"target": float(index >= 4), "meta": {"flipped": index < 4, "topic": f"t{index % 2}"}}
        rows.append(row)
    Path("pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))


def rows_of(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_pairs_by_a_scored_file(pair_file, capsys):
    assert main(["score", *LONGER, *DATA, "run_dir=scores"]) == 0
    assert main(["filter", "scored=scores/scored/all.jsonl", *DATA, "run_dir=run"]) == 0
    kept, dropped = rows_of("run/kept.jsonl"), rows_of("run/dropped.jsonl")
    assert [row["prompt"] for row in dropped] == [f"Q{index}" for index in range(4)]
    assert len(kept) == 16
    assert "the other response is scored higher" in dropped[0]["reason"]
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["rules"] == {"min_margin": 4, "kept": 16}
    assert (
        summary["noise"]["precision"]["value"] == summary["noise"]["recall"]["value"] == summary["noise"]["auroc"] == 1
    )
    assert "AUROC" in capsys.readouterr().out
    assert "report.html" in [path.name for path in Path("run").iterdir()]
    # What is kept can be trained on.
    assert main(["train", "data=jsonl", "data.path=run/kept.jsonl", "trainer=smoke", "logger=csv", "run_dir=rm"]) == 0


def test_quotas_and_shares_of_noisy_labels(pair_file):
    asked = ["keep.min_margin=null", "keep.share=0.5", "data.group=meta.topic", "keep.per_group=3"]
    assert main(["filter", *LONGER, *DATA, *asked, "data.label_noise=0.25", "run_dir=run"]) == 0
    assert [sum(row["meta"]["topic"] == f"t{i}" for row in rows_of("run/kept.jsonl")) for i in range(2)] == [3, 3]
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["rules"] == {"kept": 6, "share": 10, "per_group": 4}
    assert summary["noise"]["flipped"]["value"] == 0.25


def test_disagreement_between_two_scored_files(pair_file):
    for kind in ("longer", "random"):
        scorer = ["scorer=baseline", f"scorer.kind={kind}"]
        assert main(["score", *scorer, *DATA, f"run_dir={kind}"]) == 0
    scored = "scored=[longer/scored/all.jsonl,random/scored/all.jsonl]"
    assert main(["filter", scored, *DATA, "keep.min_margin=null", "keep.max_disagreement=0.5", "run_dir=run"]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    assert [scorer["name"] for scorer in summary["scorers"]] == ["longer", "random"]
    assert 0 < summary["rules"]["max_disagreement"] < 20


def test_rejection_sampling_from_a_pool(here):
    rows = [{"prompt": f"p{i}", "responses": ["a", "abc", "ab"], "gold": [0, 1, 2]} for i in range(6)]
    Path("pool.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pool = ["data=candidates", "data.path=pool.jsonl", "keep.top=2", "keep.min_score=3"]
    assert main(["filter", *LONGER, *pool, "run_dir=run"]) == 0
    kept, dropped = rows_of("run/kept.jsonl"), rows_of("run/dropped.jsonl")
    assert [row["responses"] for row in kept] == [["abc"]] * 6
    assert [row["responses"] for row in dropped] == [["a", "ab"]] * 6
    assert dropped[0]["reasons"][0] == "score 1, expected at least 3"
    sft = ["train", "task=sft", "data=demonstrations", "data.path=run/kept.jsonl", "trainer=smoke", "logger=csv"]
    assert main([*sft, "run_dir=sft"]) == 0


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([], "expected scores to filter by, got none (set scored=SCORED.jsonl, or scorer=...)"),
        (["scored=none.jsonl"], "none.jsonl: expected a scored file or a folder of such files, but there is none"),
        (["scored=other/scored/all.jsonl"], "has scores of the data"),
        ([*LONGER, "keep.share=2"], "keep.share takes a number in (0, 1] or null, got 2"),
        ([*LONGER, "keep.max_disagreement=1"], "needs the scores of several scorers"),
        ([*LONGER, "keep.per_group=1"], "a quota needs groups (set data.group"),
        ([*LONGER, "keep.per_group=1", "data.group=meta.side"], "has no field meta.side"),
        ([*LONGER, "split=test"], "has no split `test`, it has all (set split)"),
    ],
)
def test_mistakes_are_a_sentence(pair_file, capsys, overrides, message):
    Path("other.jsonl").write_text(json.dumps({"prompt": "p", "chosen": "a", "rejected": "b"}))
    assert main(["score", *LONGER, "data=jsonl", "data.path=other.jsonl", "run_dir=other"]) == 0
    assert main(["filter", *DATA, *overrides, "run_dir=run"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert message in error
    assert "scorer.path" not in error
    assert not Path("run/summary.json").exists()
    assert not Path("run/scored").exists()  # told before anything was scored


def test_when_nothing_is_kept_that_is_counted_too(pair_file, capsys):
    assert main(["filter", *LONGER, *DATA, "keep.min_margin=100", "run_dir=run"]) == 0
    assert json.loads(Path("run/summary.json").read_text())["rules"] == {"kept": 0, "min_margin": 20}
    out = capsys.readouterr().out
    assert "kept                          0     0.0 %" in out
    assert "dropped      run/dropped.jsonl" in out


def test_the_path_of_a_model_alone_names_a_reward_model(pair_file, reward_folder):
    for number, choice in enumerate((["data.max_tokens=64"], ["scorer=explicit", "data.max_tokens=64"])):
        command = ["filter", *choice, f"scorer.path={reward_folder}", *DATA, f"run_dir=run{number}"]
        assert main(command) == 0
    assert rows_of("run0/dropped.jsonl") == rows_of("run1/dropped.jsonl")
    assert Path("run0/config.yaml").read_text() == Path("run1/config.yaml").read_text().replace("run1", "run0")


def test_where_nothing_is_kept_the_key_is_told(pair_file, capsys):
    assert main(["filter", *LONGER, *DATA, "keep.min_margin=1000", "run_dir=run"]) == 0
    assert "no pair is kept (set keep.min_margin)" in capsys.readouterr().out
