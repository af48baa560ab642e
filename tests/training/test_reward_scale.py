import statistics

import pytest
import torch

from rmexp.training import reward
from rmexp.training.reward import RewardModule


class Counted(RewardModule):
    """Gives each response its number of tokens."""

    def __init__(self):
        torch.nn.Module.__init__(self)

    model, packed = None, True


def test_the_scale_of_rewards_is_that_of_fixed_pairs_from_all_over_the_training_data(monkeypatch):
    seen = []
    monkeypatch.setattr(
        reward, "compute", lambda *given, **options: seen.extend(given[2]) or [float(x) for x in given[2]]
    )
    monkeypatch.setattr(reward, "SCALE_PAIRS", 4)
    pairs = [type("Pair", (), {"chosen": 2 * number, "rejected": 2 * number + 1}) for number in range(10)]
    found = Counted().contract_fields(pairs)
    assert seen == [0, 4, 10, 14, 1, 5, 11, 15]
    assert found["reward_mean"] == pytest.approx(statistics.mean(seen))
    assert found["reward_sd"] == pytest.approx(statistics.stdev(seen))
    assert found["reward_responses"] == 8
