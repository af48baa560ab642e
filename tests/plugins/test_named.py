"""Parts that lie outside the package: in a file, in a folder, in an installed package."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.config.compose import compose
from rmexp.config.tree import options_of
from rmexp.plugins.named import VARIABLE
from rmexp.runs.folder import read_environment

LOSS = '''"""A loss of ours."""

from torch import Tensor


def exponential(chosen_rewards: Tensor, rejected_rewards: Tensor, sharpness: float = 1.0) -> Tensor:
    """(B,) exp of the negative margin."""
    return (sharpness * (rejected_rewards - chosen_rewards)).exp()
'''
DATA = '''"""Data of ours."""

from rmexp.preference_data import PreferenceData
from rmexp.records import Preference


def counted(pairs: int = 20) -> PreferenceData:
    """Pairs whose longer response is the better one."""
    rows = [Preference(f"Count to {n}.", " ".join(map(str, range(n + 2))), "no") for n in range(pairs)]
    return PreferenceData({"all": rows})
'''
OPTIONS = {
    "loss/exponential": "# The exponential loss.\n_target_: lab.losses.exponential\n_partial_: true\nsharpness: 1.0\n",
    "data/counted": "defaults:\n  - _loading\n  - _self_\n_target_: lab.sources.counted\nname: counted\npairs: 20\n",
}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """The folder of a package that is not installed."""
    monkeypatch.setenv(VARIABLE, "")  # put back when the test is over
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "lab"
    write_package(folder)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "lab"]:
        del sys.modules[name]


def write_package(folder):
    folder.mkdir(parents=True)
    for name, text in {"__init__": '"""Parts."""\n', "losses": LOSS, "sources": DATA}.items():
        (folder / f"{name}.py").write_text(text)
    for name, text in OPTIONS.items():
        path = folder / "conf" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_loss_and_a_data_set_of_a_folder_train(lab, here, capsys):
    parts = ["loss=exponential", "data=counted", "data.pairs=30", "trainer=smoke", "logger=csv", "run_dir=run"]
    assert main(["--plugin", str(lab), "train", *parts, "model.hidden_size=8", "model.layers=1"]) == 0
    assert set(read_environment(Path("run")).plugins) == {"lab"}
    assert json.loads(Path("run/summary.json").read_text())["train_pairs"] == 24
    assert main(["train", *parts, "model.hidden_size=8", "model.layers=1"]) == 0  # the variable is kept
    assert "finished before" in capsys.readouterr().out


def test_its_options_and_keys_are_checked_like_those_of_the_package(lab, monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, str(lab))
    assert "exponential" in options_of("loss")
    assert compose("train", ["loss=exponential", "loss.sharpness=2"]).loss.sharpness == 2
    assert main(["train", "loss=exponental"]) == 1
    assert main(["train", "loss=exponential", "loss.sharpnes=2"]) == 1
    assert main(["train", "loss._target_=lab.losses.exponentail"]) == 1
    error = capsys.readouterr().err
    for said in ("did you mean `exponential`?", "did you mean `loss.sharpness`?", "did you mean `exponential`"):
        assert said in error


def test_a_loss_that_is_called_with_other_scores_is_told_with_its_line_before_data_are_read(lab, monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, str(lab))
    (lab / "turned.py").write_text(LOSS.replace("chosen_rewards", "chosen"))
    assert main(["train", "loss._target_=lab.turned.exponential"]) == 1
    error = capsys.readouterr().err
    assert "loss: task=reward needs a loss of chosen_rewards, rejected_rewards, got exponential() (" in error
    assert "lab/turned.py:6) of chosen, rejected_rewards (set loss)" in error
    assert "reading" not in error


def test_a_file_is_a_plugin_too(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine.py").write_text(LOSS)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine.py"))
    config = compose("train", ["loss._target_=mine.exponential"])
    assert config.loss._target_ == "mine.exponential"


@pytest.mark.parametrize("name", ["statistics", "time", "numpy"])
def test_a_file_that_python_would_never_import_is_refused(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv(VARIABLE, "")
    (tmp_path / f"{name}.py").write_text(LOSS)
    assert main(["--plugin", str(tmp_path / f"{name}.py"), "train", f"loss._target_={name}.exponential"]) == 2
    assert f"{name}.py: Python takes `{name}` from " in capsys.readouterr().err


def test_of_two_plugins_of_one_name_the_second_is_refused(lab, tmp_path, here, capsys):
    """The run would note the files of one and compute with those of the other."""
    other = tmp_path / "other" / "lab"
    write_package(other)
    assert main(["--plugin", str(lab), "--plugin", str(other), "train"]) == 2
    assert f"{other}: Python takes `lab` from {lab}" in capsys.readouterr().err


def test_without_it_nothing_of_it_is_allowed(lab, capsys):
    assert main(["train", "loss._target_=lab.losses.exponential"]) == 1
    assert "`lab.losses.exponential` is no allowed target" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--plugin"], "--plugin needs the name of a package, or the path of a Python file, behind it"),
        (["train", "--plugin=nowhere"], "the plug-in `nowhere` does not exist: no such package is installed"),
        (["train", "--plugin", "./nowhere.py"], "expected a Python file or the folder of a package"),
        (["train", "--plugin", "rmexp"], "the plug-in `rmexp` does not exist"),
    ],
)
def test_a_plugin_that_is_none_is_one_sentence(here, monkeypatch, capsys, arguments, said):
    monkeypatch.setenv(VARIABLE, "")  # put back when the test is over
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_its_path_is_answered_with_it(lab, here, capsys):
    (here / "elsewhere").mkdir()
    assert main(["--plugin", "elsewhere", "train"]) == 2
    assert "a file or a folder is named by its path; write --plugin ./elsewhere)" in capsys.readouterr().err


@pytest.mark.slow
def test_an_installed_package_beside_the_wheel_is_found_by_its_entry_point(tmp_path):
    root, package, place = Path(__file__).parents[2], tmp_path / "package", tmp_path / "place"
    write_package(package / "src" / "lab")
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "lab"\nversion = "1.0"\n[project.entry-points."rmexp.plugins"]\nlab = "lab"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/lab"]\n'
    )
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place)]
    subprocess.run([*install, str(root), str(package)], check=True, capture_output=True)
    command = [sys.executable, "-m", "rmexp", "train", "loss=exponential", "data=counted", "trainer=smoke"]
    command += ["model.hidden_size=8", "logger=csv", "run_dir=run"]
    environment = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(read_environment(tmp_path / "run").plugins) == {"lab"}
