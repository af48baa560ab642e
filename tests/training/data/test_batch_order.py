import numpy as np
import pytest

from rmexp.training.data.batch_order import Shuffled, Together, shared_out

# 3 groups of 100, 20 and 20, 12 of 3, 9 alone: in no order
GROUPS = [*["big"] * 100, *["a"] * 20, *["b"] * 20, *[f"three {i % 12}" for i in range(36)], *map(str, range(9))]
GROUPS = [GROUPS[index] for index in np.random.default_rng(0).permutation(len(GROUPS))]


def epoch(order, seed):
    return [batch.tolist() for batch in order.batches(np.random.default_rng(seed))]


def orders(size):
    return [Shuffled(len(GROUPS), size), Together(GROUPS, size)]


@pytest.mark.parametrize("size", [1, 7, 32, 1000])
@pytest.mark.parametrize("kind", [0, 1])
def test_each_epoch_has_every_example_once_in_as_many_batches(kind, size):
    order = orders(size)[kind]
    for seed in range(3):
        batches = epoch(order, seed)
        assert len(batches) == order.steps
        assert all(0 < len(batch) <= size for batch in batches)
        assert sorted(index for batch in batches for index in batch) == list(range(len(GROUPS)))
    assert epoch(order, 0) == epoch(order, 0)
    assert epoch(order, 0) != epoch(order, 1) or size == 1000


def test_a_group_that_fits_is_in_one_batch_and_a_larger_one_in_as_few_as_possible():
    homes: dict[str, set[int]] = {}
    for number, batch in enumerate(epoch(Together(GROUPS, 32), 5)):
        for index in batch:
            homes.setdefault(GROUPS[index], set()).add(number)
    assert {group: len(batches) for group, batches in homes.items() if len(batches) > 1} == {"big": 4}


def test_groups_of_one_are_shuffled_freely():
    order = Together(range(40), 8)
    assert order.steps == 5
    together = [{i for batch in epoch(order, seed) if 0 in batch for i in batch} for seed in range(40)]
    assert len(set.union(*together)) == 40
    with_one = sum(1 in batch for batch in together)
    assert 1 <= with_one <= 20  # 40 * 7 / 39 = 7 expected, standard deviation 2.4


def test_batches_are_filled_with_small_groups():
    assert Together(["a"] * 6 + ["b"] * 6 + ["c"] * 6 + ["d"] * 6, 12).steps == 2
    assert Together(list("aabbccdd"), 8).steps == 1


def test_processes_have_a_like_number_of_tokens():
    tokens = np.random.default_rng(0).integers(50, 500, 64).tolist()
    shares = shared_out(tokens, [None] * 64, 4)
    assert sorted(place for share in shares for place in share) == list(range(64))
    loads = [sum(tokens[place] for place in share) for share in shares]
    assert max(loads) - min(loads) <= min(tokens)


def test_a_group_stays_together_when_a_batch_is_shared_out():
    groups = ["a", "b", "a", None, "b", "a", None]
    shares = shared_out([1] * 7, groups, 2)
    assert shares == [[0, 2, 5, 6], [1, 3, 4]]


def test_a_process_may_have_nothing_of_a_batch():
    assert shared_out([7], [None], 3) == [[0], [], []]
