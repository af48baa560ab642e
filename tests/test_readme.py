"""The README is true: its commands compose, its file map is complete, its targets exist."""

import re
import shlex
from pathlib import Path

import pytest

from rmexp.config.compose import compose
from rmexp.config.multirun import is_multirun, read_multirun
from rmexp.config.tree import verbs

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^rmexp (.+)$", README, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_compose(command):
    verb, *overrides = shlex.split(command)
    if overrides[0] == "-m" or is_multirun(verb, overrides):
        assert read_multirun(verb, [text for text in overrides if text != "-m"]).cells
    else:
        assert compose(verb, overrides) is not None


def test_every_verb_is_shown():
    assert len(COMMANDS) >= 8
    assert {command.split()[0] for command in COMMANDS} == set(verbs())


def test_file_map_names_every_file():
    package = ROOT / "src" / "rmexp"
    files = {path.name for path in package.rglob("*.py")} - {"__init__.py", "__main__.py"}
    named = set(re.findall(r"\b\w+\.py\b", README.split("conf/             ")[1]))
    assert files - named == set()
    assert named - files == set()


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"make ([a-z-]+)", README)) & {"demo", "test", "setup"}:
        assert f"\n{target}: " in makefile
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_linked_files_exist():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
