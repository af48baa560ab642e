import numpy as np
import pytest

from rmexp.analysis.pair_set import pair_set
from rmexp.records import Preference
from rmexp.run.baselines import baseline_scores


@pytest.fixture
def pairs():
    records = [Preference(f"p{i}", f"good {'x' * (i % 3)}", f"bad {'x' * (i % 2)}") for i in range(60)]
    return pair_set("d", "s", records, group=None, fields=[], bins=None)


def test_rules_and_words(pairs):
    scores = baseline_scores(["longer", "bag_of_words"], pairs, 0)
    assert scores["longer"].tolist() == pairs.characters.tolist()
    assert (scores["bag_of_words"][:, 0] > scores["bag_of_words"][:, 1]).all()


def test_words_are_not_learnt_from_too_few(pairs):
    few = pair_set("d", "s", pairs.records[:10], group=None, fields=[], bins=None)
    assert list(baseline_scores(["shorter", "bag_of_words_length"], few, 0)) == ["shorter"]


def test_the_coin_is_seeded(pairs):
    first, second = (baseline_scores(["random"], pairs, seed)["random"] for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_an_unknown_baseline_is_told(pairs):
    with pytest.raises(ValueError, match=r"baselines must be among longer, .*, got longest"):
        baseline_scores(["longest"], pairs, 0)
