import sys

import pytest

from rmexp.config.help import page


def test_a_name_that_is_too_long_stands_alone(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    rows = [("a", "one two three"), ("longer_than_ten", "four"), ("b", "")]
    assert [*page.beside(rows, 10)] == [
        "  a           one two three",
        "  longer_than_ten",
        "              four",
        "  b",
    ]


@pytest.mark.parametrize(("terminal", "lines", "paged"), [(True, 30, True), (True, 5, False), (False, 30, False)])
def test_only_what_a_terminal_cannot_hold_is_paged(terminal, lines, paged, monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(page.pydoc, "pager", seen.append)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("COLUMNS", "80")
    text = "\n".join(["line"] * lines)
    page.show(text)
    assert (seen == [text], capsys.readouterr().out == f"{text}\n") == (paged, not paged)
