import itertools

import numpy as np
import pytest

from rmexp.encoding.shared_starts import common_start, runs_of_shared_starts


def best_saving(sequences):
    """The most tokens that any way to part the sequences into runs saves, by trying all of them."""
    best = 0
    for cuts in itertools.product([False, True], repeat=len(sequences) - 1):
        starts = [0, *(index + 1 for index, cut in enumerate(cuts) if cut), len(sequences)]
        saved = 0
        for first, end in itertools.pairwise(starts):
            common = min((common_start(a, b) for a, b in itertools.pairwise(sequences[first:end])), default=0)
            saved += (end - first - 1) * common
        best = max(best, saved)
    return best


@pytest.mark.parametrize("seed", range(30))
def test_no_other_parting_saves_more(seed):
    random = np.random.default_rng(seed)
    texts = sorted(tuple(random.integers(0, 2, random.integers(1, 8)).tolist()) for _ in range(8))
    sequences = [np.array(text) for text in texts]
    runs = runs_of_shared_starts(sequences)
    assert [run.first for run in runs[1:]] == [run.end for run in runs[:-1]]
    assert (runs[0].first, runs[-1].end) == (0, 8)
    for run in runs:
        some = sequences[run.first : run.end]
        assert all(len(ids) > run.shared for ids in some)  # each keeps a token of its own
        assert all((ids[: run.shared] == some[0][: run.shared]).all() for ids in some)
    assert sum((run.end - run.first - 1) * run.shared for run in runs) == best_saving(sequences)


def test_one_sequence_shares_nothing():
    assert [run.shared for run in runs_of_shared_starts([np.array([3, 4])])] == [0]


def test_nested_starts_of_any_depth():
    sequences = [np.arange(length) for length in range(1, 1501)]
    assert sum(run.end - run.first for run in runs_of_shared_starts(sequences)) == 1500
