import math

import numpy as np
import pytest
import torch
from torchmetrics import MeanMetric, MetricCollection

from rmexp.metrics.pairwise_accuracy import PairwiseAccuracy


def random_pairs(pairs=237):
    rng = np.random.default_rng(0)
    chosen, rejected = torch.tensor(rng.integers(0, 6, (2, pairs)) / 4)
    return chosen, rejected, torch.tensor(rng.choice([0.0, 0.3, 0.5, 1.0], pairs))


def by_hand(chosen, rejected, target):
    """Accuracy and tie rate by the rule, pair after pair."""
    right = ties = counted = 0.0
    for first, second, probability in zip(chosen.tolist(), rejected.tolist(), target.tolist(), strict=True):
        if probability == 0.5:
            continue
        counted += 1
        ties += first == second
        right += 0.5 if first == second else float((first > second) == (probability > 0.5))
    return right / counted, ties / counted


@pytest.mark.parametrize("batch_pairs", [1, 10, 100, 237])
def test_uneven_batches_add_up(batch_pairs):
    data = random_pairs()
    accuracy = PairwiseAccuracy()
    for rows in zip(*(column.split(batch_pairs) for column in data), strict=True):
        accuracy.update(*rows)
    expected, tie_rate = by_hand(*data)
    assert accuracy.compute().item() == pytest.approx(expected)
    assert accuracy.tie_rate().item() == pytest.approx(tie_rate)


def test_states_of_two_ranks_are_summed():
    data = random_pairs()
    first, second = PairwiseAccuracy(), PairwiseAccuracy()
    first.update(*(column[:37] for column in data))
    second.update(*(column[37:] for column in data))
    first._reduce_states(second.metric_state)
    assert first._reductions == dict.fromkeys(("correct", "ties", "pairs"), first._reductions["pairs"])
    assert first.compute().item() == pytest.approx(by_hand(*data)[0])


def test_scores_are_compared_in_float32():
    accuracy = PairwiseAccuracy()
    accuracy.update(torch.tensor([1.0 + 1e-12], dtype=torch.float64), torch.ones(1, dtype=torch.float64), torch.ones(1))
    assert accuracy.compute().item() == 0.5


def test_half_precision_scores_count_like_their_float32_values():
    chosen, rejected, target = random_pairs()
    accuracy = PairwiseAccuracy()
    accuracy.update(chosen.bfloat16(), rejected.bfloat16(), target)
    assert accuracy.compute().item() == pytest.approx(by_hand(chosen, rejected, target)[0])


def test_without_pairs_that_count_it_is_not_a_number():
    accuracy = PairwiseAccuracy()
    accuracy.update(torch.tensor([1.0]), torch.tensor([0.0]), torch.tensor([0.5]))
    assert math.isnan(accuracy.compute())
    accuracy.update(torch.tensor([1.0]), torch.tensor([0.0]), torch.tensor([1.0]))
    assert accuracy.compute().item() == 1.0
    accuracy.reset()
    assert accuracy.pairs.item() == 0


def test_it_stands_in_a_collection_of_torchmetrics():
    chosen, rejected, _ = random_pairs()
    collection = MetricCollection(
        {"accuracy": PairwiseAccuracy(), "again": PairwiseAccuracy(), "mean": MeanMetric()}, prefix="val/"
    )
    with_target = MetricCollection([PairwiseAccuracy()])
    for part in (slice(0, 40), slice(40, None)):
        collection.update(chosen_rewards=chosen[part], rejected_rewards=rejected[part], value=chosen[part])
        with_target.update(chosen[part], rejected[part], torch.zeros(len(chosen[part])))
    found = collection.compute()
    expected = by_hand(chosen, rejected, torch.ones(len(chosen)))[0]
    assert found["val/accuracy"].item() == found["val/again"].item() == pytest.approx(expected)
    assert found["val/mean"].item() == pytest.approx(chosen.mean().item(), rel=1e-5)
    assert with_target.compute()["PairwiseAccuracy"].item() == pytest.approx(1 - expected)
    collection.reset()
    assert collection["accuracy"].pairs.item() == 0
    assert set(collection.clone(prefix="test/").keys()) == {"test/accuracy", "test/again", "test/mean"}
