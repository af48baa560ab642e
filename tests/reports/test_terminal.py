import os

import pytest

from rmexp.reports.terminal import show_table

HEADER, ROWS = (
    ("held out", "accuracy", "", "cut"),
    [("val", "80.0 %", "9 pairs", ""), ("a longer test", "9 %", "8", "")],
)


@pytest.fixture
def terminal(monkeypatch):
    def make(columns):
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((columns, 24)))

    return make


ALIGNED = ["held out        accuracy", "val               80.0 %   9 pairs", "a longer test        9 %         8"]


def test_columns_are_aligned_and_empty_ones_left_out(capsys):
    show_table(HEADER, ROWS)
    assert capsys.readouterr().out.splitlines() == ALIGNED


def test_a_terminal_that_is_wide_enough_has_the_same(capsys, terminal):
    terminal(34)
    show_table(HEADER, ROWS)
    assert capsys.readouterr().out.splitlines() == ALIGNED


def test_on_a_narrower_one_each_row_is_a_few_lines(capsys, terminal):
    terminal(30)
    show_table(HEADER, ROWS)
    expected = ["held out", "val", "  accuracy 80.0 %   9 pairs", "a longer test", "  accuracy 9 %   8"]
    assert capsys.readouterr().out.splitlines() == expected
