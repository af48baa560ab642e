import json
from pathlib import Path

import pytest

from rmexp.cli import main

POOL = [
    {"prompt": "a", "responses": ["x", "xx", "xxx", "xxxx"], "gold": [1, 2, 3, 0]},
    {"prompt": "b", "responses": ["y", "yy", "zz", "yyyy", "q"], "gold": [0, 2, 1, 3, 5]},
]
LONGER = ["best-of-n", "scorer=baseline", "scorer.kind=longer", "run_dir=run"]


def write(rows, path="pool.jsonl"):
    Path(path).write_text("\n".join(json.dumps(row) for row in rows))
    return f"candidates.path={path}"


def test_a_pool_from_a_file(here, capsys):
    assert main([*LONGER, write(POOL)]) == 0
    points = json.loads(Path("run/curve.json").read_text())["points"]
    assert [point["n"] for point in points] == [1, 2, 4]
    # All four of `a` are picked of, so the longest; of `b` any four of five: the longest unless it is the one left out.
    assert points[-1]["gold"] == pytest.approx((0 + (4 / 5 * 3 + 1 / 5 * 1.5)) / 2)
    assert points[-1]["oracle"] == pytest.approx((3 + (4 / 5 * 5 + 1 / 5 * 3)) / 2)
    assert {"n", "kl", "proxy", "gold", "low", "high", "random", "oracle"} <= set(points[0])
    picked = [json.loads(line) for line in Path("run/picks.jsonl").read_text().splitlines()]
    assert [row["response"] for row in picked] == ["xxxx", "yyyy"]
    assert "truly best" in Path("run/report.html").read_text()
    out = capsys.readouterr().out
    assert "2 prompts, 9 candidates, scored by longer" in out
    assert "note: Prompts have up to 5 candidates; the curve ends at n = 4" in out
    assert main([*LONGER, "candidates.path=pool.jsonl"]) == 0  # finished before


def test_candidates_sampled_from_a_policy_judged_by_gold(here, reference_folder, reward_folder, capsys):
    common = [
        "best-of-n",
        "data=synthetic",
        "data.test_pairs=6",
        "data.val_pairs=1",
        "data.pairs=1",
        "data.cache_dir=null",
    ]
    sampled = [
        f"candidates.policy={reference_folder}",
        "candidates.n=4",
        "candidates.max_new_tokens=8",
        "candidates.prompts=5",
    ]
    scorer = [f"scorer.path={reward_folder}", "data.max_tokens=200", "scorer@gold=gold"]
    assert main([*common, *sampled, *scorer, "run_dir=run"]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    assert (summary["prompts"], summary["candidates"], summary["n"]) == (5, 20, 4)
    assert summary["policy"]["chat_template"] == summary["scorer_chat_template"]
    assert summary["gold"]["kind"] == "gold"
    assert not Path("run/pool").exists()
    # The pool is a file of candidates with gold: the same curve comes out of it.
    again = ["candidates.path=run/candidates.jsonl", *scorer[:2], "run_dir=again"]
    assert main([*common, *again]) == 0
    points = [json.loads(Path(name, "curve.json").read_text())["points"] for name in ("run", "again")]
    assert points[0] == points[1]
    # Its picks are demonstrations.
    sft = ["train", "task=sft", "data=demonstrations", "data.path=run/picks.jsonl", "trainer=smoke", "logger=csv"]
    assert main([*sft, "run_dir=sft", "data.cache_dir=null"]) == 0


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([], "expected candidates from a file or a policy to sample them from, got neither"),
        (["candidates.path=half.jsonl", "candidates.policy=x"], "got both"),
        (
            ["candidates.path=none.jsonl"],
            "none.jsonl: expected a file, but this path does not exist (set candidates.path)",
        ),
        (["candidates.policy=./nowhere"], "there is no such folder (set candidates.policy)"),
        (["candidates.policy=REFERENCE", "candidates.n=0"], "candidates.n takes a whole number of at least 1, got 0"),
        (["candidates.policy=REFERENCE", "candidates.split=nothing"], "has no split `nothing`"),
        (["candidates.policy=REFERENCE", "candidates.top_p=2"], "candidates.top_p takes a number in (0, 1], got 2"),
        (["candidates.path=half.jsonl"], "1 of 2 prompts have gold rewards, expected all or none"),
    ],
)
def test_mistakes_are_a_sentence(here, reference_folder, capsys, overrides, message):
    write([POOL[0], {"prompt": "b", "responses": ["y"]}], "half.jsonl")
    overrides = [text.replace("REFERENCE", str(reference_folder)) for text in overrides]
    assert main([*LONGER, "data.cache_dir=null", *overrides]) == 1
    error = capsys.readouterr().err
    assert message in error.splitlines()[-1]
    assert "Traceback" not in error
    assert not Path("run/summary.json").exists()


def test_scores_that_are_not_finite_are_a_sentence(here, capsys, monkeypatch):
    from rmexp.data import rules

    monkeypatch.setitem(rules.RULES, "longer", lambda prompt, response: float("nan"))
    assert main([*LONGER, write(POOL)]) == 1
    assert "a score must be finite, got nan" in capsys.readouterr().err
