import json
import re
from pathlib import Path

import pytest

from rmexp.cli import main


@pytest.fixture
def pair_file(here):
    rows = [
        {
            "prompt": f"Which number is {i}?",
            "chosen": f"It is {i}. Yes.",
            "rejected": f"No {i}",
            "target": 0.5 * (i > 0) + 0.5,
        }
        for i in range(13)
    ]
    Path("pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return ["data=jsonl", "data.path=pairs.jsonl", "data.cache_dir=null", "run_dir=run"]


def test_a_reward_model_goes_through_the_battery(pair_file, reward_folder, capsys):
    scorer = [f"scorer.path={reward_folder}", "data.max_tokens=200", "learning.steps=5", "traced=1"]
    assert main(["inspect", *scorer, *pair_file]) == 0
    found = json.loads(Path("run/inspection.json").read_text())
    assert found["pairs"] == 12  # the labelled tie has no better response
    names = {check["name"]: check["verdict"] for group in found["checks"].values() for check in group}
    assert len(names) == 23
    assert names["swapped sides"] == names["batch size, order, padding"] == "pass"
    (trace,) = found["traced"]
    assert "".join(piece["text"] for piece in trace["after_each_token"][0]).startswith("It is")
    assert Path("run/report.html").is_file()
    assert "23 " not in capsys.readouterr().err
    assert main(["inspect", *scorer, *pair_file]) == 0


def test_a_rule_is_inspected_without_training(pair_file, capsys):
    assert main(["inspect", "scorer=baseline", "scorer.kind=longer", *pair_file, "pairs=10"]) == 0
    out = capsys.readouterr().out
    assert "fail  boilerplate appended" in out
    assert "skip  shuffled labels" in out
    assert "on 10 pairs of pairs" in out
    told = "fails over 0.1 with an interval above 0, warns at flips with an interval above 5 %"
    assert re.search(f"^boilerplate appended,.*: {told}$", out, re.MULTILINE)
    assert f'<td class="wrap">{told}</td>' in Path("run/report.html").read_text()
    assert main(["inspect", "scorer=baseline", "scorer.kind=longer", *pair_file, "pairs=10"]) == 0
    assert told in capsys.readouterr().out  # of the finished run, too


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["pairs=1"], "pairs takes a whole number of at least 2, got 1"),
        (["split=none"], "has no split `none`"),
        (["data=candidates", "data.path=pool.jsonl"], "expected at least 2 pairs with a better response, got 0"),
    ],
)
def test_mistakes_are_a_sentence(pair_file, capsys, overrides, message):
    Path("pool.jsonl").write_text('{"prompt": "p", "responses": ["a"]}')
    given = [text for text in pair_file if not any(text.startswith(own.split("=")[0] + "=") for own in overrides)]
    assert main(["inspect", "scorer=baseline", "scorer.kind=longer", *given, *overrides]) == 1
    assert message in capsys.readouterr().err
    assert not Path("run/summary.json").exists()
