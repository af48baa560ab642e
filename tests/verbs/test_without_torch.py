"""Verbs that need no model, or not any more, come quickly: they import no torch, asked of one fresh process."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from rmexp.cli import main
from rmexp.jsonl import write_rows

HEAVY = ("torch", "transformers", "lightning")
DATA = ["data=jsonl", "data.path=pairs.jsonl"]
COMMANDS = (
    ["score", "scorer=baseline", "scorer.kind=shorter", *DATA, "run_dir=scores"],
    ["evaluate", "scorer=scored_file", "scorer.path=scores/scored", "draws=50", *DATA, "run_dir=judged"],
    ["profile", *DATA, "run_dir=profile"],
)


def write_pairs():
    rows = ({"prompt": f"Q{i // 2}", "chosen": "right " * (1 + i % 3), "rejected": f"wrong {i}"} for i in range(40))
    write_rows(Path("pairs.jsonl"), rows)


def imported(commands):
    lines = (
        "import sys",
        "from rmexp.cli import main",
        f"for command in {commands}:",
        "    code = main(command)",
        f"    found = [name for name in {(*HEAVY, 'sklearn', 'scipy.stats')} if name in sys.modules]",
        "    print('imported:', command[0], code, *found)",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    return [line.removeprefix("imported: ") for line in done.stdout.splitlines() if line.startswith("imported: ")]


def test_rules_scores_on_disk_and_profiles_need_no_torch(here):
    write_pairs()
    told = imported(COMMANDS)
    assert told[:2] == ["score 0", "evaluate 0"]
    assert told[2].startswith("profile 0")  # which learns baselines
    assert not set(told[2].split()) & set(HEAVY)
    (judged,) = [
        row
        for row in json.loads(Path("judged/evaluation.json").read_text())["results"]
        if (row["scorer"], row["slice"]) == ("shorter", None)
    ]
    assert judged["n"] == 40


def test_what_is_scored_and_judged_already_needs_no_torch(here, reward_folder):
    """Also where no contract says how long a sequence the model reads: it is told of its configuration."""
    write_pairs()
    shutil.copytree(reward_folder, "model")
    Path("model/contract.json").unlink()
    model = ["scorer=explicit", "scorer.path=model", *DATA, "threads=1"]
    commands = (["score", *model, "run_dir=scores"], ["evaluate", *model, "draws=20", "run_dir=judged"])
    assert [main(command) for command in commands] == [0, 0]
    assert imported(commands) == ["score 0", "evaluate 0"]
