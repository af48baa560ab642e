"""What people expect of a repository: one version, a changelog, and a worked example that works."""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import rmexp
from rmexp.cli import main
from rmexp.plugins.named import VARIABLE

ROOT = Path(__file__).parents[2]
BLOCK = r"^`{{3}}{}\n(.*?)^`{{3}}$"


def test_the_version_stands_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/rmexp/__init__.py"
    assert "version" not in yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_the_changelog_has_this_version_and_what_comes():
    versions = re.findall(r"^## \[(.+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[:2] == ["Unreleased", rmexp.__version__]


def worked_out(title):
    """Code, YAML and test of a section of the page."""
    text = (ROOT / "docs" / "extend.md").read_text().partition(f"## {title}, worked out\n")[2].partition("\n## ")[0]
    code, test = re.findall(BLOCK.format("python"), text, re.MULTILINE | re.DOTALL)
    (option,) = re.findall(BLOCK.format("yaml"), text, re.MULTILINE | re.DOTALL)
    return code, option, test


@pytest.fixture
def plugged_in(tmp_path, monkeypatch):
    """A function that makes a plug-in of a section, and runs the test that the section shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def make(title, module, group, option_name):
        code, option, test = worked_out(title)
        plugin = f"{option_name}_of_ours"
        monkeypatch.setenv(VARIABLE, f"./{plugin}.py")
        (tmp_path / "conf" / group).mkdir(parents=True)
        (tmp_path / f"{plugin}.py").write_text(code)
        (tmp_path / "conf" / group / f"{option_name}.yaml").write_text(option.replace(module, plugin))
        names = {}
        exec(test.replace(module, plugin), names)
        (tested,) = [value for name, value in names.items() if name.startswith("test_")]
        tested()

    yield make
    for plugin in [name for name in sys.modules if name.endswith("_of_ours")]:
        del sys.modules[plugin]


def test_the_scorer_of_the_worked_example_scores(plugged_in):
    plugged_in("A scorer", "rmexp.scoring.hedging", "scorer", "hedging")
    Path("pairs.jsonl").write_text('{"prompt": "So?", "chosen": "Yes.", "rejected": "Perhaps maybe so"}\n')
    assert main(["score", "scorer=hedging", "data=jsonl", "data.path=pairs.jsonl", "run_dir=run"]) == 0
    (scored,) = Path("run/scored").glob("*.jsonl")
    assert '"scores": [0.0, -2.0]' in scored.read_text()


def test_the_loss_of_the_worked_example_is_a_loss(plugged_in):
    plugged_in("A loss", "rmexp.losses.exponential", "loss", "exponential")
    assert main(["train", "--cfg", "job", "task=reward", "loss=exponential", "data=json_vs_text", "model=tiny"]) == 0


def test_the_data_set_of_the_worked_example_is_read(plugged_in):
    plugged_in("A data set", "rmexp.sources.sums", "data", "sums")
    command = ["score", "scorer=baseline", "scorer.kind=longer", "data=sums", "data.pairs=20", "run_dir=run"]
    assert main(command) == 0
    assert sum(path.read_text().count("\n") for path in Path("run/scored").glob("*.jsonl")) == 20
    assert main(["profile", "data=sums", "data.pairs=0", "run_dir=none"]) == 1


def test_the_format_of_the_worked_example_reads_a_file(plugged_in, capsys):
    plugged_in("A format", "rmexp.sources.formats.graded", "data/format", "graded")
    rows = [{"question": f"{n} + 1?", "a": f"{n + 1}", "b": "no", "grade_a": 5, "grade_b": n % 5} for n in range(10)]
    Path("grades.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["profile", "data=jsonl", "data.path=grades.jsonl", "data/format=graded", "data.format.min_gap=2"]
    assert main(command) == 0
    assert "grades: 8 pairs" in capsys.readouterr().out
