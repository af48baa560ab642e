import json
import os
import subprocess
import sys

import pytest

from rmexp.durable import move_folder, remove_parts, whole_file, write_json, write_text


def test_the_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    with whole_file(path) as file:
        file.write(b"content")
        assert not path.exists()
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, error):
    def interrupted():
        with whole_file(path) as file:
            file.write(b"half of the n")
            raise error

    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(error):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_of_the_disk_names_the_file(tmp_path):
    def fill():
        with whole_file(tmp_path / "file.txt"):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"No space left on device: '.*file.txt'"):
        fill()


def test_text_is_utf8_and_replaces(tmp_path):
    path = tmp_path / "file"
    write_text(path, "a long first content")
    write_text(path, "ä → 好")
    assert path.read_bytes() == "ä → 好".encode()


def test_json_roundtrips(tmp_path):
    content = {"ä": [1, 2.5, None, True], "b": {"c": "好"}}
    write_json(tmp_path / "file", content)
    assert json.loads((tmp_path / "file").read_text(encoding="utf-8")) == content


def test_a_folder_has_its_place_once_all_that_is_in_it_is_on_the_disk(tmp_path, monkeypatch):
    """Else a run whose summary was written behind its weights could end finished without them, as the power goes."""
    partial, folder, synced = tmp_path / ".model.partial", tmp_path / "model", []
    for place, name in ((partial, "new"), (partial / "inner", "new"), (folder, "old")):
        place.mkdir()
        (place / name).write_text(name)
    inodes = {path.stat().st_ino for path in (partial, *partial.rglob("*"))}
    sync, replace = os.fsync, os.replace

    def replaced(*places):
        assert inodes <= {*synced}
        replace(*places)

    monkeypatch.setattr(os, "fsync", lambda number: (synced.append(os.fstat(number).st_ino), sync(number)))
    monkeypatch.setattr(os, "replace", replaced)
    move_folder(partial, folder)
    assert sorted(path.name for path in folder.rglob("*")) == ["inner", "new", "new"]
    assert synced[-1] == tmp_path.stat().st_ino
    assert not partial.exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_that_others_cannot_read_is_refused(tmp_path, value):
    with pytest.raises(ValueError, match=rf"file: expected finite numbers, but val\.1\.loss is {value}"):
        write_json(tmp_path / "file", {"val": [{"loss": 1.0}, {"loss": value}]})
    assert not any(tmp_path.iterdir())


def test_what_several_processes_want_is_done_by_one_of_them(tmp_path):
    program = """
import sys, time
from pathlib import Path
from rmexp.durable import alone
with alone(Path("made.lock")):
    if not Path("made").exists():
        time.sleep(0.2)
        Path("made").touch()
        print("made it")
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert sorted(process.communicate()[0] for process in processes) == ["", "", "made it\n"]


def test_parts_that_a_killed_process_left_are_removed(tmp_path):
    kept = [tmp_path / name for name in ("file", ".lock", "folder/.hidden.json")]
    for path in [*kept, *(tmp_path / name for name in (".file.a1b2c3_4", "folder/.last.ckpt.x1y2z3w4"))]:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    remove_parts(tmp_path)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)
