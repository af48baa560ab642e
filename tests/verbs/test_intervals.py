"""The same scores of the same pairs have the same interval, whichever verb tells it."""

import csv
import json
from pathlib import Path

import pytest

from rmexp.cli import main

KEYS = ("accuracy", "accuracy_low", "accuracy_high", "few")


def read(*parts):
    return json.loads(Path(*parts).read_text())


def near(found, *keys):
    return pytest.approx([float(found[key]) for key in keys], abs=1e-9)


@pytest.mark.usefixtures("here")
def test_an_accuracy_has_one_interval_in_every_verb(comparison):
    reward = comparison.path / "reward"
    sets = [*comparison.data, "splits=[val,unseen]", "baselines=[longer]"]
    assert main(["evaluate", f"scorer.path={reward / 'model'}", *sets, "run_dir=evaluated"]) == 0
    assert main(["profile", *comparison.data, "run_dir=profiled"]) == 0
    assert main(["report", "run_dir=board", f"runs=[{reward}]"]) == 0
    rows = read("evaluated", "evaluation.json")["results"]
    compared, trained = comparison.summary["splits"], read(reward, "summary.json")["evaluation"]
    for split in ("val", "unseen"):
        own, rule = (
            next(row for row in rows if (row["split"], row["slice"], row["scorer"]) == (split, None, name))
            for name in ("explicit", "longer")
        )
        expected = [float(own[key]) for key in KEYS]
        assert expected == near(compared[split]["explicit"], *KEYS)
        assert expected == near(next(row for row in trained if (row["split"], row["slice"]) == (split, None)), *KEYS)
        assert [float(rule[key]) for key in KEYS] == near(compared[split]["baselines"]["longer"], *KEYS)
    whole = read("profiled", "profile.json")["splits"]["unseen"]["longer"]
    assert [float(rule[key]) for key in KEYS] == near(whole, "accuracy", "low", "high", "few")
    with Path("board", "leaderboard.csv").open() as file:
        line = next(csv.DictReader(file))
    assert line["split"] == "unseen"
    assert expected[:3] == near(line, "accuracy", "low", "high")
    assert line["few"] == str(own["few"])
