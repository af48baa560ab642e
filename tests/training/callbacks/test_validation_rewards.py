import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rmexp.tracking.validations import FILE, Validation, read_validations
from rmexp.training.callbacks.validation_rewards import ValidationRewards


def validate(callback, step, rewards):
    target = torch.tensor([1.0, 0.5])
    module = SimpleNamespace(validated=(torch.tensor(rewards), torch.zeros(2), target))
    trainer = SimpleNamespace(global_step=step, estimated_stepping_batches=40, is_global_zero=True, loggers=[])
    callback.on_validation_end(trainer, module)


def test_every_validation_is_read_back(tmp_path):
    assert read_validations(tmp_path) == []
    callback = ValidationRewards(tmp_path, 0)
    validate(callback, 10, [0.1, -2.0])
    validate(callback, 40, [1.0, 3.0])
    first, last = read_validations(tmp_path)
    assert (first.step, first.progress, last.progress) == (10, 0.25, 1.0)
    np.testing.assert_allclose(first.rewards, [[0.1, 0.0], [-2.0, 0.0]], rtol=1e-6)
    assert first.target.tolist() == [1.0, 0.5]


def test_a_resumed_run_keeps_what_its_checkpoint_knows_and_no_torn_line(tmp_path):
    callback = ValidationRewards(tmp_path, 0)
    for step in (10, 20, 30):
        validate(callback, step, [float(step), 0.0])
    with (tmp_path / FILE).open("a") as file:
        file.write(json.dumps({"step": 15})[:7])
    resumed = ValidationRewards(tmp_path, 20)
    validate(resumed, 30, [7.0, 0.0])
    assert [(row.step, row.rewards[0, 0]) for row in read_validations(tmp_path)] == [(10, 10), (20, 20), (30, 7)]


def test_a_module_that_judges_no_pairs_leaves_no_file(tmp_path):
    trainer = SimpleNamespace(global_step=1, estimated_stepping_batches=1, is_global_zero=True, loggers=[])
    ValidationRewards(tmp_path, 0).on_validation_end(trainer, SimpleNamespace())
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    ("rewards", "constant"), [([[1, 1], [1, 1]], True), ([[1, 1], [1, 2]], False), ([[1, 1]], False)]
)
def test_constant_rewards(rewards, constant):
    assert Validation(1, 1.0, np.array(rewards, dtype=float), np.ones(len(rewards))).constant == constant
