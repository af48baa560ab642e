import os
import resource
import subprocess
import sys

import pytest

from rmexp.hardware.memory import SAID, keep_freed, peak_memory_mb

FAULTS = """
import resource
from rmexp.hardware.memory import keep_freed

def filled():
    piece = bytearray(b"1") * 50_000_000
    del piece

keep_freed()
filled()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
filled()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
glibc = pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="the allocator is not glibc's")


def pages(**variables):
    """How many pages the system gives for a piece of 50 MB whose like has been freed."""
    clean = {name: value for name, value in os.environ.items() if name not in SAID}
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], capture_output=True, text=True, env=clean | variables, check=True
    )
    return int(done.stdout)


@glibc
def test_what_is_freed_serves_again():
    of_piece = 50_000_000 // resource.getpagesize()
    assert pages() < of_piece / 10
    assert pages(MALLOC_MMAP_THRESHOLD_="262144") >= of_piece  # what the environment says stays


@pytest.mark.parametrize("name", SAID)
def test_an_environment_that_speaks_of_the_allocator_is_heard(monkeypatch, name):
    monkeypatch.setenv(name, "something")
    assert not keep_freed()


def test_other_systems_have_no_such_setting(monkeypatch):
    for name in SAID:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed()


def test_the_peak_is_in_mebibytes():
    piece = bytearray(b"1") * 2**20 * 64
    assert peak_memory_mb() > 64
    del piece
