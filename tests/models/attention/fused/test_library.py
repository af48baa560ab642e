import pytest

from rmexp.models.attention.fused import library

pytestmark = pytest.mark.skipif(library.compiler() is None, reason="no compiler of C++")


def test_what_is_built_is_kept(tmp_path, monkeypatch):
    try:
        first = library.built((), tmp_path)
    except library.NotHere as error:
        pytest.skip(str(error))
    assert [file.name for file in tmp_path.iterdir()] == [first.name]
    monkeypatch.setattr(library, "compiler", lambda: None)
    assert library.built((), tmp_path) == first
    with pytest.raises(library.NotHere, match="need a compiler"):
        library.built(("-O1",), tmp_path)


def test_a_compiler_that_fails_is_told_and_leaves_nothing(tmp_path):
    with pytest.raises(library.NotHere, match=r"cannot build the fused kernels .*no-such-flag"):
        library.built(("--no-such-flag",), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_damaged_library_is_told(tmp_path):
    damaged = tmp_path / "attention.so"
    damaged.write_bytes(b"no library")
    with pytest.raises(library.NotHere, match="cannot be loaded"):
        library.loaded(damaged)


def test_a_cache_folder_that_cannot_be_made_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    folder = library.kept_in()
    assert folder.is_dir()
    assert tmp_path not in folder.parents
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert library.kept_in() == tmp_path / "rmexp" / "kernels"
