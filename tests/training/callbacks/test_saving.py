import signal
import time

import lightning as L
import pytest
import torch

from rmexp.training.callbacks.epochs import Epochs
from rmexp.training.callbacks.interruption import Interrupted, Signals
from rmexp.training.callbacks.saving import MOST_TIME, Saving
from rmexp.training.data.batch_order import Shuffled
from rmexp.training.data.fixed_batches import FixedBatches
from rmexp.training.data.loader import Passes, TrainingLoader


def batch(rows):
    return torch.tensor([3.0, 1.0]), torch.tensor([1.0, 2.0]), torch.ones(2)


@pytest.fixture
def saving(tmp_path):
    return lambda every_seconds: Saving(tmp_path, every_seconds, 0, Signals())


@pytest.fixture
def trained(toy, tmp_path):
    """Trains eight batches and says after which steps checkpoints were written."""

    def run(callback, checkpoint=None, accumulate=1, seconds=0.0):
        saved = []

        def save(path, *args):
            saved.append(trainer.global_step)
            time.sleep(seconds)
            original(path, *args)

        trainer = L.Trainer(
            max_epochs=1,
            accelerator="cpu",
            callbacks=[Epochs(4, None), callback],
            logger=False,
            default_root_dir=tmp_path,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
            num_sanity_val_steps=0,
            accumulate_grad_batches=accumulate,
        )
        original, trainer.save_checkpoint = trainer.save_checkpoint, save
        loader = TrainingLoader(range(8), batch, Shuffled(8, 1), Passes(1, 0))
        with callback.signals:
            trainer.fit(toy, loader, FixedBatches([lambda: batch(0)]), ckpt_path=checkpoint, weights_only=True)
        return saved

    return run


def test_every_so_often_and_at_the_end(trained, saving):
    assert trained(saving(every_seconds=3600)) == [8]


def test_only_where_an_optimizer_step_is_complete(trained, saving, monkeypatch):
    monkeypatch.setattr("rmexp.training.callbacks.saving.MOST_TIME", 1e9)  # whenever it may
    assert trained(saving(every_seconds=0), accumulate=2) == [1, 2, 3, 4]


def test_no_more_than_its_share_of_the_time(trained, saving):
    callback = saving(every_seconds=0)
    assert trained(callback, seconds=0.05) == [1, 8]
    assert callback.wait >= 0.05 / MOST_TIME


def test_a_negative_interval_is_refused(saving):
    with pytest.raises(ValueError, match="at least 0 or inf, got -1"):
        saving(every_seconds=-1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_saves_and_ends_and_the_rest_is_done_later(trained, saving, tmp_path, toy, number):
    callback = saving(every_seconds=3600)
    step, before = toy.training_step, signal.getsignal(number)

    def interrupted_step(batch, batch_idx):
        if batch_idx == 2:
            signal.raise_signal(number)
        return step(batch, batch_idx)

    toy.training_step = interrupted_step
    with pytest.raises(Interrupted, match=f"{number.name} after step 3"):
        trained(callback)
    assert signal.getsignal(number) is before
    toy.training_step = step
    assert trained(saving(every_seconds=3600), checkpoint=tmp_path / "last.ckpt") == [8]
    assert toy.validated_after == [4, 8]


def test_of_iterations_that_have_several_steps_the_iteration_is_told(trained, saving, toy):
    step = toy.training_step

    def iteration(batch, batch_idx):
        if batch_idx == 2:
            signal.raise_signal(signal.SIGINT)
        for _ in range(2):
            toy.manual_backward(step(batch, batch_idx))
            toy.optimizers().step()

    toy.automatic_optimization, toy.training_step = False, iteration
    with pytest.raises(Interrupted, match="SIGINT after iteration 3 of 8"):
        trained(saving(every_seconds=3600))


def test_a_signal_during_the_last_validation_ends_the_run_too(trained, saving, tmp_path, toy):
    validate = toy.validation_step

    def interrupted_validation(batch, batch_idx):
        if toy.trainer.global_step == 8:
            signal.raise_signal(signal.SIGINT)
        return validate(batch, batch_idx)

    toy.validation_step = interrupted_validation
    with pytest.raises(Interrupted, match="SIGINT after step 8 of 8"):
        trained(saving(every_seconds=3600))
    toy.validation_step = validate
    assert trained(saving(every_seconds=3600), checkpoint=tmp_path / "last.ckpt") == []
    assert toy.validated_after == [4, 8]


def test_a_batch_draws_the_same_numbers_whatever_was_drawn_before(trained, saving, toy):
    drawn = []
    step = toy.training_step

    def noisy_step(batch, batch_idx):
        torch.rand(len(drawn))
        torch.manual_seed(torch.initial_seed())  # as it was left by the callback
        drawn.append(torch.rand(1).item())
        return step(batch, batch_idx)

    toy.training_step = noisy_step
    trained(saving(every_seconds=3600))
    torch.manual_seed(5)
    trained(saving(every_seconds=3600))
    assert drawn[:8] == drawn[8:]
    assert len(set(drawn)) == 8
