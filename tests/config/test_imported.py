"""Plug-ins that cannot be imported: told with file and line, before anything is read, by every verb that names one."""

import sys

import pytest

from rmexp.cli import main
from rmexp.plugins.named import VARIABLE

PARTS = {
    "loss": "def part(chosen_rewards, rejected_rewards):\n    return rejected_rewards - chosen_rewards\n",
    "data": "def part(pairs=20):\n    return None\n",
    "scorer": "class part:\n    def __init__(self, name):\n        self.name = name\n",
}
HEADS = {"loss": "_partial_: true\n", "scorer": "_partial_: true\nname: part\n", "data": "name: part\npairs: 20\n"}
WITH_DATA = "defaults:\n  - _loading\n  - _self_\n"
VERBS = {
    "train": ["loss=part"],
    "compare": ["loss@reward.loss=part"],
    "profile": ["data=part"],
    "evaluate": ["scorer=part", "data=json_vs_text"],
    "score": ["scorer=part", "data=json_vs_text"],
    "filter": ["scorer=part", "data=json_vs_text"],
    "inspect": ["scorer=part", "data=json_vs_text"],
    "best-of-n": ["scorer=part", "data=json_vs_text"],
}
MISTAKES = {
    "x = nowhere": "NameError: name 'nowhere' is not defined, at broken/loss.py:2",
    "from torch import Tensr": "ImportError: cannot import name 'Tensr' from 'torch'",
    "from . import beside": "SyntaxError: expected ':', at broken/beside.py:1",
    "raise SystemExit": "importing broken.loss ends the program: it runs something when it is imported",
    "@(lambda part: None)": "broken/loss.py:3: expected `part` to be a function or a class once broken.loss is",
}


@pytest.fixture
def broken(here, monkeypatch):
    """Writes a plug-in with a part of each kind behind a line that is a mistake."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(mistake, kind):
        folder = here / "broken"
        folder.mkdir()
        for name, text in {"__init__": "", "beside": "def no()\n", kind: f"\n{mistake}\n{PARTS[kind]}"}.items():
            (folder / f"{name}.py").write_text(text)
        (folder / "conf" / kind).mkdir(parents=True)
        text = f"{WITH_DATA if kind == 'data' else ''}_target_: broken.{kind}.part\n{HEADS[kind]}"
        (folder / "conf" / kind / "part.yaml").write_text(text)
        monkeypatch.setenv(VARIABLE, str(folder))

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == "broken"]:
        del sys.modules[name]


def _told(capsys, arguments):
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert "reading" not in error
    assert "Traceback" not in error
    return error


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_tells_a_plugin_that_fails_before_anything_is_read(verb, broken, capsys):
    kind = next(kind for kind in PARTS if VERBS[verb][0].startswith(kind))
    broken("x = nowhere", kind)
    error = _told(capsys, [verb, *VERBS[verb]])
    assert f"rmexp: NameError: name 'nowhere' is not defined, at broken/{kind}.py:2" in error


@pytest.mark.parametrize("mistake", MISTAKES)
def test_whatever_a_plugin_fails_with_is_told_with_its_line(mistake, broken, capsys):
    broken(mistake, "loss")
    error = _told(capsys, ["train", "loss=part"])
    assert MISTAKES[mistake] in error
    assert "broken/" in error


def test_each_cell_of_a_sweep_tells_it(broken, capsys):
    broken("x = nowhere", "loss")
    error = _told(capsys, ["train", "-m", "loss=part", "seed=0,1"])
    assert "seed=1 failed: NameError: name 'nowhere' is not defined, at broken/loss.py:2" in error
