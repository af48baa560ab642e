import math

import torch

from rmexp.metrics.pair_figures import PairFigures


def test_the_mean_is_over_pairs_not_over_batches():
    figures = PairFigures()
    figures.update(torch.tensor([1.0, 2.0, 3.0]), torch.ones(3), torch.tensor([0.0, 1.0, 2.0]), torch.ones(3))
    figures.update(torch.tensor([10.0]), torch.ones(1), torch.zeros(1), torch.ones(1))
    # losses (1 + 2 + 3 + 10) / 4; credits 1, 1/2, 0, 1; one tie of four
    assert figures.compute() == {"loss": 4.0, "accuracy": 0.625, "tie_rate": 0.25}


def test_reset_forgets_all():
    figures = PairFigures()
    figures.update(torch.tensor([5.0]), torch.zeros(1), torch.ones(1), torch.ones(1))
    figures.reset()
    figures.update(torch.tensor([2.0]), torch.ones(1), torch.zeros(1), torch.ones(1))
    assert figures.compute() == {"loss": 2.0, "accuracy": 1.0, "tie_rate": 0.0}


def test_it_holds_no_graph_and_goes_on_after_a_checkpoint():
    figures = PairFigures()
    figures.update(torch.ones(1, requires_grad=True) * 2, torch.ones(1), torch.zeros(1), torch.tensor([0.5]))
    assert not figures.loss.mean_value.requires_grad
    assert math.isnan(figures.compute()["accuracy"])
    resumed = PairFigures()
    resumed.load_state_dict(figures.state_dict())
    for each in (figures, resumed):
        each.update(torch.tensor([4.0]), torch.ones(1), torch.zeros(1), torch.ones(1))
    assert resumed.compute() == figures.compute() == {"loss": 3.0, "accuracy": 1.0, "tie_rate": 0.0}
