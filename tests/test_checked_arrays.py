import numpy as np
import pytest

from rmexp.checked_arrays import Damaged, read_arrays, write_arrays

ARRAYS = {"logps": np.linspace(-3, 0, 7), "index": np.arange(5)}


def test_arrays_are_read_back(tmp_path):
    write_arrays(tmp_path / "file", ARRAYS)
    found = read_arrays(tmp_path / "file")
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def test_no_byte_can_change_without_being_noticed(tmp_path):
    path = tmp_path / "file"
    write_arrays(path, ARRAYS)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Damaged, match=r"file is damaged: its checksum"):
            read_arrays(path)


@pytest.mark.parametrize("kept", [0, 10, 31, 32, 33, -1])
def test_no_end_can_be_missing(tmp_path, kept):
    path = tmp_path / "file"
    write_arrays(path, ARRAYS)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(Damaged):
        read_arrays(path)


def test_a_zeroed_end_is_noticed(tmp_path):
    path = tmp_path / "file"
    write_arrays(path, ARRAYS)
    whole = path.read_bytes()
    path.write_bytes(whole[:-64] + bytes(64))
    with pytest.raises(Damaged):
        read_arrays(path)
