"""The notebooks under examples/ run, and show what they print."""

import importlib.util
import json
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))


@pytest.fixture(scope="module")
def notebooks():
    specification = importlib.util.spec_from_file_location("notebooks", EXAMPLES / "notebooks.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(notebooks, name, tmp_path):
    made = notebooks.run_notebook(EXAMPLES / name, tmp_path)
    codes = [
        cell["outputs"][0]["text"][-1] for cell in made["cells"] if "main([" in "".join("".join(cell["source"]).split())
    ]
    assert set(codes) == {"0\n"}  # of every command


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_was_run_before_it_was_kept(name):
    cells = [cell for cell in json.loads((EXAMPLES / name).read_text())["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]


def test_a_cell_is_told_what_it_prints_and_its_last_value(notebooks):
    names = {}
    assert notebooks.run_cell("x = 2\nprint('a')\nx + 1", names) == "a\n3\n"
    assert notebooks.run_cell("y = x", names) == ""
    assert names["y"] == 2
