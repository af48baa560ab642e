"""Verbs that need no model come quickly: they import no torch, asked of one fresh process."""

import json
import subprocess
import sys
from pathlib import Path

from rmexp.jsonl import write_rows

HEAVY = ("torch", "transformers", "lightning")
DATA = ["data=jsonl", "data.path=pairs.jsonl"]
COMMANDS = (
    ["score", "scorer=baseline", "scorer.kind=shorter", *DATA, "run_dir=scores"],
    ["evaluate", "scorer=scored_file", "scorer.path=scores/scored", "draws=50", *DATA, "run_dir=judged"],
    ["profile", *DATA, "run_dir=profile"],
)


def test_rules_scores_on_disk_and_profiles_need_no_torch(here):
    rows = ({"prompt": f"Q{i // 2}", "chosen": "right " * (1 + i % 3), "rejected": f"wrong {i}"} for i in range(40))
    write_rows(Path("pairs.jsonl"), rows)
    lines = (
        "import sys",
        "from rmexp.cli import main",
        f"for command in {COMMANDS}:",
        "    code = main(command)",
        f"    found = [name for name in {(*HEAVY, 'sklearn', 'scipy.stats')} if name in sys.modules]",
        "    print('imported:', command[0], code, *found)",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    told = [line.removeprefix("imported: ") for line in done.stdout.splitlines() if line.startswith("imported: ")]
    assert told[:2] == ["score 0", "evaluate 0"]
    assert told[2].startswith("profile 0")  # which learns baselines
    assert not set(told[2].split()) & set(HEAVY)
    (judged,) = [
        row
        for row in json.loads(Path("judged/evaluation.json").read_text())["results"]
        if (row["scorer"], row["slice"]) == ("shorter", None)
    ]
    assert judged["n"] == 40
