import os
import subprocess
import sys

import pytest

from rmexp.hardware.waiting import TRIES, wait_asleep


@pytest.fixture
def environment(monkeypatch):
    """Variables of the environment, those of OpenMP taken out; all are as before afterwards."""
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.setenv(name, "")  # so that it is put back, whatever was set
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize(("load", "said"), [(2.0, None), (2.1, TRIES)])
def test_threads_sleep_soon_on_a_busy_machine(environment, load, said):
    environment.setattr("rmexp.hardware.waiting.processors", lambda: 2)
    environment.setattr(os, "getloadavg", lambda: (load, 9.0, 9.0))
    wait_asleep()
    assert os.environ.get("GOMP_SPINCOUNT") == said


@pytest.mark.parametrize(("name", "value"), [("OMP_WAIT_POLICY", "active"), ("GOMP_SPINCOUNT", "infinity")])
def test_what_the_environment_says_stays(environment, name, value):
    environment.setattr(os, "getloadavg", lambda: (99.0, 9.0, 9.0))
    environment.setenv(name, value)
    before = dict(os.environ)
    wait_asleep()
    assert dict(os.environ) == before


def test_it_is_said_before_torch_is_loaded(environment):
    program = """
import os, sys
from rmexp import cli
os.getloadavg = lambda: (99.0, 9.0, 9.0)
cli._run = lambda verb, arguments: print("torch" in sys.modules, os.environ["GOMP_SPINCOUNT"])
cli.main(["train"])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", TRIES]
