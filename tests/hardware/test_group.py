from types import SimpleNamespace

import pytest
import torch
from torch import distributed

from rmexp.hardware import group
from rmexp.hardware.group import from_all, from_first, rank_and_count, shared_out, use_own_device
from rmexp.hardware.processes import OWN


def test_processes_hear_of_each_other(connected):
    def told():
        rank, count = rank_and_count()
        asked = []

        def work(number):
            asked.append(number)
            return torch.tensor([number])

        shared = shared_out([0, 1, 2, 3], work)
        return count, asked, [int(value) for value in shared], from_all(rank), from_first(f"of {rank}")

    found = connected(3, told)
    assert [asked for _, asked, *_ in found] == [[0, 3], [1], [2]]
    for count, _, *rest in found:
        assert (count, *rest) == (3, [0, 1, 2, 3], [0, 1, 2], "of 0")


def test_one_that_is_alone_has_it_all():
    assert rank_and_count() == (0, 1)
    assert (from_all(7), from_first(7), shared_out([1, 2], str)) == ([7], 7, ["1", "2"])


@pytest.mark.parametrize(
    ("environment", "devices", "expected"),
    [
        ({"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}, (), 1),
        ({"SLURM_NTASKS": "8", "SLURM_PROCID": "6", "SLURM_LOCALID": "2"}, (), 2),
        ({OWN: "1 2 1234 77"}, [2, 3], 3),
    ],
)
def test_each_process_of_a_machine_has_its_own_device(monkeypatch, environment, devices, expected):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    chosen = []
    there = {"is_available": lambda: True, "device_count": lambda: 4, "set_device_index": chosen.append}
    monkeypatch.setattr(group.torch, "accelerator", SimpleNamespace(**there))
    use_own_device(devices)
    assert chosen == [expected]


def test_hosts_talk_in_a_group_of_their_own_where_devices_have_another(connected, monkeypatch):
    """That of NCCL, say, in which each word would wait for the GPUs."""
    made = []

    def work():
        new_group = distributed.new_group
        monkeypatch.setattr(distributed, "get_backend", lambda: "nccl")
        monkeypatch.setattr(distributed, "new_group", lambda **options: made.append(options) or new_group(**options))
        number, _ = group.rank_and_count()
        found = [group.from_all(number), group.from_first(number), group.shared_out([5, 6, 7], str)]
        group.part()
        return found, len(made), made[0]["backend"]

    assert connected(2, work) == [([[0, 1], 0, ["5", "6", "7"]], 1, "gloo")] * 2
