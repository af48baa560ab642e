from types import SimpleNamespace

import pytest

from rmexp.training.processes import same_run as file
from rmexp.training.processes.same_run import SameRun

OWN = ("lr: 1", {"data": "abc", "model": None}, 4)


def compared(monkeypatch, other, number=0, count=2):
    monkeypatch.setattr(file, "from_all", lambda own: [OWN, other])
    callback = SameRun(*OWN, lambda text: [] if text == OWN[0] else ["lr: 2 there, 1 here"])
    callback.setup(SimpleNamespace(world_size=count, global_rank=number), None, "fit")


def test_processes_of_one_run_pass(monkeypatch):
    compared(monkeypatch, OWN)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (("lr: 2", *OWN[1:]), "lr: 2 there, 1 here"),
        ((OWN[0], {"data": "xyz", "model": None}, 4), "data: xyz there, abc in process 0"),
        ((OWN[0], OWN[1], 0), "it goes on from step 0, process 0 from step 4"),
    ],
)
def test_what_differs_is_said_by_the_first_alone(monkeypatch, other, words):
    with pytest.raises(ValueError, match="process 1 of 2 is not of the same run") as caught:
        compared(monkeypatch, other)
    assert words in str(caught.value)
    with pytest.raises(SystemExit):
        compared(monkeypatch, other, number=1)


def test_one_process_asks_nobody():
    SameRun(*OWN, lambda text: []).setup(SimpleNamespace(world_size=1, global_rank=0), None, "fit")
