import json
import subprocess
import sys
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
    (problem,) = capsys.readouterr().err.splitlines()
    assert problem.startswith("rmexp: scorer: takes attributes, distractors, ")
    assert problem.endswith("from data, which has no such keys here; set them, or choose another data")


def test_scores_of_other_data_are_refused(data, capsys):
    assert main(["score", "scorer=baseline", *data, "run_dir=run"]) == 0
    write_rows(Path("other.jsonl"), [{"prompt": "p", "chosen": "a", "rejected": "b"}])
    keys = ["data=jsonl", "data.path=other.jsonl", "run_dir=other"]
    assert main(["score", "scorer=scored_file", "scorer.path=run/scored", *keys]) == 1
    assert "run/scored has scores of the data" in capsys.readouterr().err
    assert not Path("other/scored/all.jsonl").exists()


def test_a_rule_imports_no_torch(data):
    program = (
        "import sys; from rmexp.cli import main; "
        f"main(['score', 'scorer=baseline', 'run_dir=run', *{data}]); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
