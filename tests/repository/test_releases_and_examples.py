"""What people expect of a repository: one version, a changelog, and a worked example that works."""

import re
import sys
import tomllib
from pathlib import Path

import yaml

import rmexp
from rmexp.cli import main
from rmexp.config.plugins import VARIABLE

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


def test_the_scorer_of_the_worked_example_scores(tmp_path, monkeypatch, capsys):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    code, test = re.findall(BLOCK.format("python"), text, re.MULTILINE | re.DOTALL)
    (option,) = re.findall(BLOCK.format("yaml"), text, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "conf" / "scorer").mkdir(parents=True)
    (tmp_path / "hedging_of_ours.py").write_text(code)
    (tmp_path / "conf" / "scorer" / "hedging.yaml").write_text(
        option.replace("rmexp.scoring.hedging", "hedging_of_ours")
    )
    (tmp_path / "pairs.jsonl").write_text('{"prompt": "So?", "chosen": "Yes.", "rejected": "Perhaps maybe so"}\n')
    command = ["score", "scorer=hedging", "data=jsonl", "data.path=pairs.jsonl", "run_dir=run"]
    assert main(["--plugin", "./hedging_of_ours.py", *command]) == 0
    (scored,) = Path("run/scored").glob("*.jsonl")
    assert '"scores": [0.0, -2.0]' in scored.read_text()
    names = {}
    exec(test.replace("rmexp.scoring.hedging", "hedging_of_ours"), names)  # the test that the page shows
    names["test_each_hedging_word_costs_a_point"]()
    del sys.modules["hedging_of_ours"]


def test_the_loss_of_the_worked_example_is_a_loss(tmp_path, monkeypatch):
    text = (ROOT / "docs" / "extend.md").read_text().partition("## A loss, worked out")[2].partition("\n## ")[0]
    code, test = re.findall(BLOCK.format("python"), text, re.MULTILINE | re.DOTALL)
    (option,) = re.findall(BLOCK.format("yaml"), text, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "./exponential_of_ours.py")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "conf" / "loss").mkdir(parents=True)
    (tmp_path / "exponential_of_ours.py").write_text(code)
    (tmp_path / "conf" / "loss" / "exponential.yaml").write_text(
        option.replace("rmexp.losses.exponential", "exponential_of_ours")
    )
    assert main(["train", "--cfg", "job", "task=reward", "loss=exponential", "data=json_vs_text", "model=tiny"]) == 0
    names = {}
    exec(test.replace("rmexp.losses.exponential", "exponential_of_ours"), names)
    names["test_a_margin_of_ln_2_costs_a_half_and_its_opposite_two"]()
    del sys.modules["exponential_of_ours"]
