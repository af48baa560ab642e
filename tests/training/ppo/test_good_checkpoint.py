from types import SimpleNamespace

import pytest

from rmexp.training.ppo.good_checkpoint import GoodCheckpoint


@pytest.fixture
def ends_iteration(tmp_path):
    callback = GoodCheckpoint(tmp_path)
    return lambda: callback.on_train_batch_end(SimpleNamespace(), SimpleNamespace(), None, None, 0)


def save(folder, text):
    """As a checkpoint is written: beside its place, then moved there."""
    (folder / "new").write_text(text)
    (folder / "new").replace(folder / "last.ckpt")


def test_what_was_written_before_a_sound_iteration_is_kept(tmp_path, ends_iteration):
    ends_iteration()
    assert list(tmp_path.iterdir()) == []
    save(tmp_path, "one")
    ends_iteration()
    save(tmp_path, "two")  # nothing has been sampled from it yet
    assert (tmp_path / "good.ckpt").read_text() == "one"
    ends_iteration()
    assert (tmp_path / "good.ckpt").read_text() == "two"
    ends_iteration()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.ckpt", "last.ckpt"]


def test_where_files_cannot_be_linked_they_are_copied(tmp_path, ends_iteration, monkeypatch):
    def refuse(*paths):
        raise OSError

    monkeypatch.setattr("os.link", refuse)
    save(tmp_path, "one")
    ends_iteration()
    assert (tmp_path / "good.ckpt").read_text() == "one"
