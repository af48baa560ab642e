import pytest

from rmexp.config.identity import moved


@pytest.fixture
def changes(monkeypatch):
    """A table of moves and of later keys in place of the real one, and no other changes."""

    def change(targets, later, gone=None):
        monkeypatch.setattr(moved, "MOVED", targets)
        monkeypatch.setattr(moved, "LATER", later)
        monkeypatch.setattr(moved, "GONE", gone or {})

    return change
