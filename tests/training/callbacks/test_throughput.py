from types import SimpleNamespace

import pytest

from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.training.callbacks import throughput
from rmexp.training.callbacks.throughput import Throughput
from rmexp.training.data.batch_order import Shuffled
from rmexp.training.data.loader import Passes, TrainingLoader

PAIRS = [PairTokens(ResponseTokens((1,) * n, 1, False), ResponseTokens((2,) * 3, 1, False), 1.0) for n in (2, 4, 6, 8)]


@pytest.fixture
def wait(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(throughput.time, "perf_counter", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_examples_and_tokens_of_all_ranks_a_second_of_training_alone(wait):
    loader = TrainingLoader(PAIRS, tuple, Shuffled(4, 2), Passes(1, 0))
    loader.rank, loader.ranks = 1, 2
    trainer, counted = SimpleNamespace(train_dataloader=loader, num_val_batches=[1]), Throughput()
    counted.on_train_start(trainer, None)
    for index in range(2):
        wait(2)
        counted.on_train_batch_end(trainer, None, None, None, index)
        assert counted.seconds == 2 * (index + 1)
        counted.on_validation_start(trainer, None)
        wait(50)
        counted.on_validation_end(trainer, None)
    wait(7)
    counted.on_train_end(trainer, None)
    assert counted.rates() == (4 / 4, (2 + 4 + 6 + 8 + 4 * 3) / 4)


def test_a_run_that_goes_on_counts_on(wait):
    counted = Throughput()
    counted.load_state_dict({"examples": 10, "tokens": 200, "seconds": 5.0})
    counted.on_train_start(None, None)
    wait(5)
    assert counted.rates() == (1.0, 20.0)
