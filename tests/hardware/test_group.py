import torch

from rmexp.hardware.group import from_all, from_first, rank_and_count, shared_out


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
