"""A mistake in a plug-in is told with its file, its line and the function around it."""

import importlib
import pickle
import sys
import textwrap
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from rmexp.config.parameters.definitions import find_definition
from rmexp.config.parameters.signatures import signature_of
from rmexp.config.problems import in_words
from rmexp.plugins.named import VARIABLE
from rmexp.runs.failure import read_failure, write_failure

MODULE = textwrap.dedent('''\
    """Mistakes, by their lines."""
    import torch

    def raises():
        return {}["scale"]  # line 5

    def refuses():
        raise ValueError("expected more. ")

    def shapes():
        return torch.ones(2) + torch.ones(3)

    def opens():
        return open("nowhere.txt")

    class Bare:  # line 16
        def score(self, records):
            return records
    ''')


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A module of a plug-in, the folder that it lies in being where one works."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    (tmp_path / "mistaken").mkdir()
    for name, text in {"__init__": "", "parts": MODULE, "broken": "import os\nimport torchh\n"}.items():
        (tmp_path / "mistaken" / f"{name}.py").write_text(text)
    (tmp_path / "mistaken" / "unread.py").write_text("import os\ndef loss(a)\n    return a\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mistaken"))
    yield importlib.import_module("mistaken.parts")
    for name in [name for name in sys.modules if name.partition(".")[0] == "mistaken"]:
        del sys.modules[name]


def told(call):
    with pytest.raises(Exception) as caught:  # noqa: PT011  # of any kind
        call()
    return in_words(caught.value)


def test_the_innermost_line_of_the_plugin_is_told(mine):
    assert told(mine.raises) == "KeyError: 'scale', at mistaken/parts.py:5 in raises"
    assert told(mine.refuses) == "expected more, at mistaken/parts.py:8 in refuses"
    assert told(mine.shapes).endswith("at non-singleton dimension 0, at mistaken/parts.py:11 in shapes")
    assert told(mine.opens) == "nowhere.txt: No such file or directory, at mistaken/parts.py:14 in opens"


def test_a_module_that_cannot_be_imported_or_read_is_told_with_its_line(mine):
    broken = told(lambda: importlib.import_module("mistaken.broken"))
    assert broken == "ModuleNotFoundError: No module named 'torchh', at mistaken/broken.py:2"
    unread = "SyntaxError: expected ':', at mistaken/unread.py:2"
    assert told(lambda: importlib.import_module("mistaken.unread")) == unread
    assert told(lambda: find_definition("mistaken.unread.loss")) == unread  # before anything is imported


def test_an_import_of_what_is_not_there_is_told_before_anything_is_imported(mine, tmp_path):
    needs = tmp_path / "mistaken" / "needs.py"
    needs.write_text("try:\n    import torchh\nexcept ImportError:\n    pass\ndef loss(a):\n    return a\n")
    assert [*signature_of("mistaken.needs.loss").parameters] == ["a"]
    needs = needs.with_name("needs_more.py")
    needs.write_text("import os.path\nfrom . import parts\nfrom torchh.nn import x\ndef loss(a):\n    return a\n")
    with pytest.raises(ValueError, match=r"needs_more.py:3: imports `torchh`, and no such package is installed"):
        signature_of("mistaken.needs_more.loss")
    assert "mistaken.needs_more" not in sys.modules


def test_what_cannot_be_called_or_lacks_something_is_told_where_it_is_defined(mine):
    called = told(lambda: mine.raises(1))
    assert (
        called == "TypeError: raises() takes 0 positional arguments but 1 was given, at mistaken/parts.py:4 in raises"
    )
    assert told(lambda: mine.Bare().score()).endswith("argument: 'records', at mistaken/parts.py:17 in score")
    assert told(lambda: mine.Bare().describe).endswith("no attribute 'describe', at mistaken/parts.py:16 in Bare")


def test_what_comes_of_it_or_from_another_process_is_told_with_the_same_line(mine):
    def outer():
        try:
            mine.raises()
        except KeyError as error:
            raise ValueError("rows.jsonl:1: no good") from error

    assert told(outer) == "rows.jsonl:1: no good, at mistaken/parts.py:5 in raises"
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        assert told(pool.submit(mine.raises).result) == "KeyError: 'scale', at mistaken/parts.py:5 in raises"


def test_an_error_of_rmexp_itself_has_no_place(mine):
    assert told(lambda: pickle.loads(b"")) == "EOFError: Ran out of input"
    assert told(lambda: find_definition("rmexp.losses.none")).startswith("`rmexp.losses.none` does not exist")


def test_a_run_that_fails_leaves_the_place(mine, tmp_path):
    with pytest.raises(KeyError) as caught:
        mine.raises()
    write_failure(tmp_path, caught.value)
    assert read_failure(tmp_path).error == "KeyError: 'scale', at mistaken/parts.py:5 in raises"
