import os
import zipfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch

from rmexp.training.callbacks import checkpoints
from rmexp.training.callbacks.checkpoints import DurableCheckpointIO, newest_valid, step_of

CONTENT = {"global_step": 7, "state_dict": {"weight": torch.arange(3000.0)}}


@pytest.fixture
def save(tmp_path):
    """Writes a checkpoint, each newer than the one before."""
    written = []

    def write(name, content=CONTENT):
        path = tmp_path / name
        DurableCheckpointIO().save_checkpoint(content, path)
        written.append(path)
        os.utime(path, ns=(len(written) * 10**9, len(written) * 10**9))
        return path

    return write


def damage(path, how):
    content, stat = bytearray(path.read_bytes()), path.stat()
    if how == "torn":
        content = content[: len(content) // 2]
    elif how == "flipped":
        with zipfile.ZipFile(path) as archive:
            weights = max(archive.infolist(), key=lambda part: part.file_size)
        content[weights.header_offset + weights.file_size // 2] ^= 1
    else:
        content = bytearray({"empty": b"", "text": b"not a checkpoint"}[how])
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))


def test_what_is_saved_is_read_back(save):
    path = save("last.ckpt")
    loaded = DurableCheckpointIO().load_checkpoint(path, weights_only=True)
    assert torch.equal(loaded["state_dict"]["weight"], CONTENT["state_dict"]["weight"])
    assert step_of(path) == 7
    assert step_of(None) == 0


def test_a_save_that_fails_leaves_the_old_checkpoint(save, tmp_path):
    path = save("last.ckpt")
    before = path.read_bytes()
    with pytest.raises((AttributeError, TypeError, RuntimeError)):
        save("last.ckpt", {"unpicklable": lambda: None})
    assert path.read_bytes() == before
    assert [child.name for child in tmp_path.iterdir()] == ["last.ckpt"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_told_in_words(save, monkeypatch):
    with Path("/dev/full").open("wb", buffering=0) as file:
        monkeypatch.setattr(checkpoints, "whole_file", lambda path: nullcontext(file))
        with pytest.raises(OSError, match="No space left on device"):
            save("last.ckpt")


def test_the_newest_is_taken_and_no_folder_has_none(save, tmp_path):
    save("last.ckpt")
    best = save("best.ckpt")
    assert newest_valid(tmp_path) == (best, [])
    assert newest_valid(tmp_path / "absent") == (None, [])


@pytest.mark.parametrize("how", ["torn", "flipped", "empty", "text"])
def test_damaged_ones_are_named_and_skipped(save, tmp_path, how):
    good, bad = save("best.ckpt"), save("last.ckpt")
    damage(bad, how)
    assert newest_valid(tmp_path) == (good, [bad])
    damage(good, how)
    assert newest_valid(tmp_path) == (None, [bad, good])


def test_torch_alone_would_accept_a_flipped_bit(save):
    path = save("last.ckpt")
    damage(path, "flipped")
    loaded = torch.load(path, weights_only=True)
    assert not torch.equal(loaded["state_dict"]["weight"], CONTENT["state_dict"]["weight"])


def test_an_older_damaged_one_does_not_matter(save, tmp_path):
    bad, good = save("last.ckpt"), save("best.ckpt")
    damage(bad, "torn")
    assert newest_valid(tmp_path) == (good, [])


def test_a_part_left_by_a_killed_process_is_no_checkpoint(save, tmp_path):
    path = save("last.ckpt")
    (tmp_path / ".last.ckpt.x1y2z3").write_bytes(b"half")
    assert newest_valid(tmp_path) == (path, [])


def test_whatever_byte_is_damaged_it_is_seen_or_does_not_matter(save, tmp_path):
    path = save("last.ckpt")
    content = path.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for place in random.integers(0, len(content), 300):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged)
        found, bad = newest_valid(tmp_path)
        refused += bool(bad)
        if found:
            weight = torch.load(found, weights_only=True)["state_dict"]["weight"]
            assert torch.equal(weight, CONTENT["state_dict"]["weight"])
    assert refused > 250
