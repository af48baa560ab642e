from types import SimpleNamespace

import pytest
import torch
from torch import nn

from rmexp.hardware.threads import SMALL_PARAMETERS, use_threads

SMALL = nn.Linear(3, 3)
LARGE = nn.Linear(SMALL_PARAMETERS, 1, bias=False, device="meta")


@pytest.fixture(autouse=True)
def _keep_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("wanted", [1, 2])
def test_the_number_asked_for_is_used(wanted):
    assert use_threads(wanted, LARGE) == wanted
    assert torch.get_num_threads() == wanted


def test_by_default_the_size_decides(monkeypatch):
    machine = SimpleNamespace(sched_getaffinity=lambda process: {0, 1, 2}, cpu_count=lambda: 64, environ={})
    monkeypatch.setattr("rmexp.hardware.processors.os", machine)
    assert use_threads(None, SMALL) == 1
    assert use_threads(None, LARGE) == 3
    machine.environ["OMP_NUM_THREADS"] = "2"  # the share of one of several workers
    assert use_threads(None, LARGE) == 2
    machine.environ["OMP_NUM_THREADS"] = "some"
    assert use_threads(None, LARGE) == 3
    del machine.sched_getaffinity  # as on macOS
    machine.cpu_count = lambda: 2
    assert use_threads(None, LARGE) == 2


@pytest.mark.parametrize("wanted", [0, -1])
def test_less_than_one_is_refused(wanted):
    with pytest.raises(ValueError, match=rf"at least 1, got {wanted} \(set trainer.threads\)"):
        use_threads(wanted, SMALL)
