"""The processes of a run are played one after the other: each says its message, then all hear all of them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from rmexp.training.data.batch_order import Shuffled
from rmexp.training.data.loader import Passes, TrainingLoader
from rmexp.training.processes import whole_batch as file
from rmexp.training.processes.whole_batch import whole_batch


class Said(Exception):
    pass


def heard_by_all(monkeypatch, play, processes):
    """What `play` of each process gives, once all their messages are known."""
    messages: list[Tensor] = []

    def say(found: list[Tensor], message: Tensor) -> None:
        messages.append(message.clone())
        raise Said

    monkeypatch.setattr(file.torch.distributed, "all_gather", say)
    for number in range(processes):
        with pytest.raises(Said):
            play(number)

    def hear(found: list[Tensor], message: Tensor) -> None:
        for place, said in zip(found, messages, strict=True):
            place.copy_(said)

    monkeypatch.setattr(file.torch.distributed, "all_gather", hear)
    return [play(number) for number in range(processes)]


@pytest.mark.parametrize("examples", [1, 2, 5, 8])
@pytest.mark.parametrize("processes", [2, 3])
def test_gradients_and_figures_are_those_of_one_process(monkeypatch, examples, processes):
    inputs = torch.randn(examples, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(examples))

    def found(number, count):
        loader = TrainingLoader(range(examples), np.array, Shuffled(examples, examples), Passes(1, 0))
        loader.rank, loader.ranks = number, count
        trainer = SimpleNamespace(world_size=count, global_rank=number, train_dataloader=loader)
        weights = torch.linspace(-1, 1, 4, dtype=torch.float64).requires_grad_()
        scores = inputs[loader.batch(0)] @ weights
        whole = whole_batch(SimpleNamespace(trainer=trainer), 0, scores.square(), (scores, scores + 1))
        whole.loss.backward()
        return whole, weights.grad

    one, gradient = found(0, 1)
    all_of_them = heard_by_all(monkeypatch, lambda number: found(number, processes), processes)
    torch.testing.assert_close(sum(each for _, each in all_of_them) / processes, gradient, rtol=1e-6, atol=1e-7)
    for whole, _ in all_of_them:
        assert float(whole.losses) == pytest.approx(float(one.losses.detach().mean()))
        assert float(whole.weight) == examples
        for column, expected in zip(whole.columns, one.columns, strict=True):
            torch.testing.assert_close(column.sort().values.double(), expected.sort().values, rtol=1e-6, atol=1e-6)
